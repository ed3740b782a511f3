/**
 * How the picture is looked at: zoom, marking. Of the image pane alone; only what a link brings back
 * is in the state too. One object per record; knows no DOM.
 */
import { sameValue } from "../core/state_values.js";
import { boxMap, boxOnStage, fitMap, patchSet, settleMap, zoomMap } from "./map.js";
/** @import { Box, LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Zoom } from "../core/state_values.js" */
/** @import { ImageMap, Limits, Point, Size } from "./map.js" */

const IMAGE_MARGIN = 6;
/** @type {WeakMap<LensPage, ImageView>} */
const imageViews = new WeakMap();

/**
 * @param {LensPage} record
 * @param {State} state
 */
export function imageView(record, state) {
  const view = imageViews.get(record) ?? new ImageView(record, state);
  imageViews.set(record, view);
  return view;
}

export class ImageView {
  /** Dragging marks a region. */
  marking = false;
  /** Position under the pointer or the keys, null for none. @type {number|null} */
  over = null;
  /** A rectangle that is being drawn, in pixels of the original. @type {Box|null} */
  rubber = null;
  /** The last press was a drag, so no click. */
  dragged = false;
  /** The picture is being dragged. */
  panning = false;
  /** @type {(() => void)[]} */
  #listeners = [];
  /** @type {Size} */
  #room = { width: 1, height: 1 };
  #frame = 0;
  /** The zoom as it was written into the state from here. @type {Zoom|null} */
  #own = null;
  #record;
  #state;
  #fit;
  #map;

  /** @param {LensPage} record @param {State} state */
  constructor(record, state) {
    this.#record = record;
    this.#state = state;
    this.size = imageSize(record);
    this.#fit = fitMap(this.size, this.#room, IMAGE_MARGIN);
    this.#map = this.#fit;
    state.on(["zoom"], () => { if (!sameValue(state.get("zoom"), this.#own)) this.#follow(); });
  }

  map() { return this.#map; }
  /** What of the original is in sight. @returns {Box} */
  visible() {
    const { scale, x, y } = this.#map;
    return [-x / scale, -y / scale, (this.#room.width - x) / scale, (this.#room.height - y) / scale];
  }

  /** 1: the whole picture is in sight. */
  zoom() { return this.#map.scale / this.#fit.scale; }
  zoomed() { return this.#map.scale > this.#fit.scale * 1.0001; }
  canZoomIn() { return this.#map.scale < this.#limits()[1] * 0.9999; }

  /** Call in the next frame whenever something of this changed. @param {() => void} listener */
  on(listener) { this.#listeners.push(listener); }

  changed() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const listener of this.#listeners) listener();
    });
  }

  toggleMarking() {
    this.marking = !this.marking;
    this.changed();
  }

  /** @param {Size} next */
  resize(next) {
    const room = this.#room;
    if (next.width === room.width && next.height === room.height) return;
    this.#room = next;
    this.#fit = fitMap(this.size, next, Math.min(IMAGE_MARGIN, next.width / 8, next.height / 8));
    this.#follow();
  }

  /** Zoom as the state says: its middle stays in the middle. */
  #follow() {
    const zoom = this.#state.get("zoom");
    this.#own = zoom;
    this.#map = this.#fit;
    if (zoom) {
      const scale = Math.min(this.#fit.scale * zoom.by, this.#limits()[1]);
      this.#map = settleMap({ scale, x: this.#room.width / 2 - zoom.x * scale, y: this.#room.height / 2 - zoom.y * scale }, this.size, this.#room);
    }
    this.changed();
  }

  /** @param {number} factor @param {Point} [at] on the stage, which stays where it is */
  zoomBy(factor, at = [this.#room.width / 2, this.#room.height / 2]) {
    this.#move(zoomMap(this.#map, factor, at, this.#limits()));
  }

  /** Zoom so far in that every patch has room for its word. @param {Point} at */
  zoomToWords(at) {
    const { patch } = patchSet(this.#record, this.#state.get("view"));
    this.zoomBy(Math.max(2, 58 / (patch.width * this.#map.scale)), at);
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) { this.#move({ ...this.#map, x: this.#map.x + dx, y: this.#map.y + dy }); }

  /** @param {Box} box */
  show(box) { this.#move(boxMap(box, this.#room, this.#limits(), IMAGE_MARGIN)); }

  /** How much larger a box would be when shown alone. @param {Box} box */
  gain(box) { return boxMap(box, this.#room, this.#limits(), IMAGE_MARGIN).scale / this.#fit.scale; }

  reset() { this.#move(this.#fit); }

  /** Pan no more than needed to show a box. @param {Box} box */
  reveal(box) {
    const [left, top, right, bottom] = boxOnStage(this.#map, box);
    /** @param {number} low @param {number} high @param {number} all */
    const need = (low, high, all) => (low < 0 ? -low : high > all ? all - high : 0);
    const [dx, dy] = [need(left, right, this.#room.width), need(top, bottom, this.#room.height)];
    if (dx || dy) this.pan(dx, dy);
  }

  /** Zoomed in until a patch is 160 pixels wide, at least eightfold. @returns {Limits} */
  #limits() {
    const { patch } = patchSet(this.#record, this.#state.get("view"));
    return [this.#fit.scale, Math.max(this.#fit.scale * 8, 160 / Math.max(1e-6, Math.min(patch.width, patch.height)))];
  }

  /** Shown is what the state says, to the digit: a link gives the same picture. @param {ImageMap} next */
  #move(next) {
    const { scale, x, y } = settleMap(next, this.size, this.#room);
    const by = Number((scale / this.#fit.scale).toFixed(4));
    const at = (/** @type {number} */ value) => Number((value / scale).toFixed(2));
    this.#state.set({ zoom: by > 1 ? { by, x: at(this.#room.width / 2 - x), y: at(this.#room.height / 2 - y) } : null });
    this.#follow();
  }
}

/** Size of the original; a record that does not say is taken to end where its patches end. @param {LensPage} record @returns {Size} */
function imageSize(record) {
  const { width, height } = record.meta.image ?? {};
  if (width > 0 && height > 0) return { width, height };
  const [, , right, bottom] = record.placed.length ? patchSet(record, record.views[0]).extent : [0, 0, 1, 1];
  return { width: Math.max(1, right), height: Math.max(1, bottom) };
}
