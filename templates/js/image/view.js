/**
 * How the picture is looked at: zoom, strength of the colours, words, marking. Of the image pane
 * alone, so not in the state. One object per record; knows no DOM.
 */
import { boxMap, fitMap, patchSet, settleMap, zoomMap } from "./map.js";

const IMAGE_MARGIN = 6;
const imageViews = new WeakMap();

/**
 * @param {LensPage} record
 * @param {object} state
 */
export function imageView(record, state) {
  if (!imageViews.has(record)) imageViews.set(record, makeImageView(record, state));
  return imageViews.get(record);
}

function makeImageView(record, state) {
  const size = imageSize(record);
  const listeners = [];
  let room = { width: 1, height: 1 };
  let fit = fitMap(size, room, IMAGE_MARGIN);
  let map = fit;
  let frame = 0;

  function changed() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      for (const listener of listeners) listener();
    });
  }

  /** Zoomed in until a patch is 160 pixels wide, at least eightfold. */
  function limits() {
    const { patch } = patchSet(record, state.get("view"));
    return [fit.scale, Math.max(fit.scale * 8, 160 / Math.max(1e-6, Math.min(patch.width, patch.height)))];
  }

  function move(next) {
    map = next.scale <= fit.scale * 1.0001 ? fit : settleMap(next, size, room);
    changed();
  }

  return {
    size,
    /** 0..1 strength of the colours; words on the patches; dragging marks a region. */
    look: { opacity: 0.5, words: true, marking: false },
    /** Position under the pointer or the keys, null for none. */
    over: null,
    /** A rectangle that is being drawn, in pixels of the original. */
    rubber: null,
    /** The last press was a drag, so no click. */
    dragged: false,
    map: () => map,
    room: () => room,
    zoomed: () => map.scale > fit.scale * 1.0001,
    canZoomIn: () => map.scale < limits()[1] * 0.9999,
    on(listener) { listeners.push(listener); },
    changed,
    setLook(change) {
      Object.assign(this.look, change);
      changed();
    },
    resize(next) {
      if (next.width === room.width && next.height === room.height) return;
      const zoom = map.scale / fit.scale;
      const middle = [(room.width / 2 - map.x) / map.scale, (room.height / 2 - map.y) / map.scale];
      room = next;
      fit = fitMap(size, room, Math.min(IMAGE_MARGIN, room.width / 8, room.height / 8));
      const scale = fit.scale * zoom;
      move({ scale, x: room.width / 2 - middle[0] * scale, y: room.height / 2 - middle[1] * scale });
    },
    zoomBy(factor, at = [room.width / 2, room.height / 2]) { move(zoomMap(map, factor, at, limits())); },
    /** Zoom so far in that every patch has room for its word. */
    zoomToWords(at) {
      const { patch } = patchSet(record, state.get("view"));
      move(zoomMap(map, Math.max(2, 58 / (patch.width * map.scale)), at, limits()));
    },
    pan(dx, dy) { move({ ...map, x: map.x + dx, y: map.y + dy }); },
    show(box) { move(boxMap(box, room, limits(), IMAGE_MARGIN)); },
    /** How much larger a box would be when shown alone. */
    gain: (box) => boxMap(box, room, limits(), IMAGE_MARGIN).scale / fit.scale,
    reset() { move(fit); },
    /** Pan no more than needed to show a box. */
    reveal(box) {
      const need = (low, high, all) => (low < 0 ? -low : high > all ? all - high : 0);
      const dx = need(box[0] * map.scale + map.x, box[2] * map.scale + map.x, room.width);
      const dy = need(box[1] * map.scale + map.y, box[3] * map.scale + map.y, room.height);
      if (dx || dy) move({ ...map, x: map.x + dx, y: map.y + dy });
    },
  };
}

/** Size of the original; a record that does not say is taken to end where its patches end. */
function imageSize(record) {
  const { width, height } = record.meta.image ?? {};
  if (width > 0 && height > 0) return { width, height };
  const [, , right, bottom] = record.placed.length ? patchSet(record, record.views[0]).extent : [0, 0, 1, 1];
  return { width: Math.max(1, right), height: Math.max(1, bottom) };
}
