/**
 * The picture with patches coloured by the chosen quantity at the chosen layer, the words they
 * read as, and outlines for what is hovered, selected, pinned or marked. Input is in
 * image/input.js, zoom in image/zoom.js, painting in image/draw.js and image/labels.js.
 */
import { byId, cloneAll, part, penOf, thePicture } from "../core/dom.js";
import { pinnedPositions } from "../core/pins.js";
import { placeNumber, placesNow } from "../core/places.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { rgbOf, themeColours } from "../core/theme.js";
import { drawOnce } from "../core/work.js";
import { paintBeneath, paintContour, paintOutline, paintPatches, paintUnseen } from "./draw.js";
import { LOOKS } from "./looks.js";
import { listenToImage } from "./input.js";
import { paintWords } from "./labels.js";
import { boxOf, boxOnStage, contourLines, patchSet } from "./map.js";
import { paintPinFrames, paintPinNumbers } from "./pins.js";
import { mountImageTools } from "./tools.js";
import { imageView } from "./view.js";
/** @import { Box, LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { StateValues } from "../core/state_values.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { OutlineStyle } from "./draw.js" */
/** @import { ImageMap, PatchSet } from "./map.js" */
/** @import { ImageView } from "./view.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountImagePane(root, record, state) {
  const picture = thePicture();
  const mapped = record.placed.length > 0;
  document.body.classList.toggle("no-image", !picture && !mapped);
  document.body.classList.toggle("no-patches", !mapped);
  if (!picture && !mapped) return;
  root.append(cloneAll("image-frame"));
  const frame = part(root, ".image-frame");
  if (picture) {
    picture.draggable = false;
    frame.prepend(picture);
  }
  if (!mapped) frame.setAttribute("aria-label", "The picture: plus and minus zoom");
  const view = imageView(record, state);
  root.style.setProperty("--aspect", String(Math.max(0.25, Math.min(4, view.size.width / view.size.height))));
  mountImageTools(byId("image-toolbar"), record, state, view);
  listenToImage(frame, record, state, view);
  new ImagePane(root, record, state, view).follow();
}

/** Draws what the state and the view say. */
class ImagePane {
  #density = 1;
  /** @type {ThemeColours|null} */
  #colours = null;
  /** @type {{set: PatchSet|null, region: number[], lines: number[]}} */
  #marked = { set: null, region: [], lines: [] };
  /** Where names of regions are written. @type {Box[]} */
  #names = [];
  #drawPatches = drawOnce(() => this.#paintPatches());
  #drawMarks = drawOnce(() => this.#paintMarks());

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state @param {ImageView} view */
  constructor(root, record, state, view) {
    this.root = root;
    this.record = record;
    this.state = state;
    this.view = view;
    this.frame = part(root, ".image-frame");
    this.note = part(root, ".image-note");
    this.picture = thePicture();
    this.mapped = record.placed.length > 0;
    this.canvases = [".image-patches", ".image-marks"].map((name) => part(root, name, HTMLCanvasElement));
    this.pens = this.canvases.map((canvas) => penOf(canvas));
  }

  follow() {
    const { state, view } = this;
    view.on(() => {
      this.#place();
      this.#drawPatches();
      this.#drawMarks();
    });
    new ResizeObserver(() => this.#sizeCanvases()).observe(this.frame);
    state.on(["dark"], () => { this.#colours = null; });
    state.on(["layer", "view", "dark", "look", "strength", "words", ...QUANTITY_KEYS], (changed) => {
      this.#drawPatches();
      if (["view", "look", "colour"].some((key) => changed.has(/** @type {keyof StateValues} */ (key)))) this.#describe();
    });
    state.on(["hover", "cell", "pins", "region", "view", "dark", "layer", "words", ...QUANTITY_KEYS], this.#drawMarks);
    state.on(["paper"], () => this.#sizeCanvases()); // the observer would be too late
  }

  get #set() { return patchSet(this.record, this.state.get("view")); }

  get #theme() {
    this.#colours ??= themeColours(this.root);
    return this.#colours;
  }

  /** As the view's map, in device pixels. @returns {ImageMap} */
  get #map() {
    const { scale, x, y } = this.view.map();
    return { scale: scale * this.#density, x: x * this.#density, y: y * this.#density };
  }

  #sizeCanvases() {
    const [width, height] = [this.frame.clientWidth, this.frame.clientHeight];
    this.#density = Math.min(3, Math.max(this.state.get("paper") ? 2 : 1, devicePixelRatio || 1));
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * this.#density);
      canvas.height = Math.round(height * this.#density);
    }
    this.view.resize({ width, height });
    this.#place();
    this.#drawPatches();
    this.#drawMarks();
  }

  /** Put the picture where the view has it. */
  #place() {
    const { frame, picture, view } = this;
    const { scale, x, y } = view.map();
    Object.assign(frame.dataset, { scale, x, y });
    frame.classList.toggle("zoomed", view.zoomed());
    frame.classList.toggle("marking", view.marking);
    if (!picture) return;
    picture.style.width = `${view.size.width * scale}px`;
    picture.style.height = `${view.size.height * scale}px`;
    picture.style.transform = `translate(${x}px, ${y}px)`;
    picture.classList.toggle("magnified", scale * view.size.width > 12 * (picture.naturalWidth || Infinity));
  }

  /** @param {CanvasRenderingContext2D} pen */
  #clear(pen) {
    // to a printer Chrome sends the strokes themselves, and erasing would arrive as white paint
    if (this.state.get("paper")) pen.canvas.width = Math.round(this.frame.clientWidth * this.#density);
    else pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
  }

  #paintPatches() {
    const [pen] = this.pens;
    this.#clear(pen);
    if (!this.mapped) return;
    const { record, state, view } = this;
    const [set, map, colours, density] = [this.#set, this.#map, this.#theme, this.#density];
    const { layer, look, strength, words, dark } = state.all();
    const quantity = quantityNow(record, state);
    const only = quantity.tokens;
    paintPatches(pen, set, map, {
      quantity, layer, dark, density, found: only.length > 0, paper: rgbOf(colours.paper), unknown: rgbOf(colours.unknown), hatch: rgbOf(colours.inkSoft),
      ...(this.picture ? { look, strength } : { look: "colour", strength: 1 }),
    });
    paintUnseen(pen, view.size, this.#seenPart(set), map, { paper: colours.paper, line: colours.lineStrong, width: density });
    this.#names = words ? paintWords(pen, record, set, map, { layer, density, colours, only, zoom: view.zoom() }) : [];
    Object.assign(this.frame.dataset, { layer, view: set.view });
  }

  #paintMarks() {
    const pen = this.pens[1];
    this.#clear(pen);
    if (!this.mapped) return;
    const { state } = this;
    const [map, colours, density] = [this.#map, this.#theme, this.#density];
    const halo = state.get("dark") ? "rgb(0 0 0 / 0.75)" : "rgb(255 255 255 / 0.9)";
    const pins = pinnedPositions(state.get("pins")).filter(({ position }) => this.record.box(position))
      .map(({ number, position }) => ({ number, box: boxOnStage(map, boxOf(this.record, position)) }));
    paintBeneath(pen, this.#names, () => {
      paintContour(pen, this.#regionLines(), map, { ink: colours.accent, halo, width: 1.5 * density });
      paintContour(pen, this.#placeLines(), map, { ink: colours.pin, halo, width: 1.25 * density });
      paintPinFrames(pen, pins, { colours, halo, density });
    });
    const [cell, hover] = [state.get("cell"), state.get("hover")];
    if (cell) this.#outline(cell.position, { halo, ink: colours.pin, width: 2.5 * density });
    // around the outline of the selection, not over it
    if (hover) this.#outline(hover.position, { halo, ink: colours.accent, width: 2 * density }, hover.position === cell?.position ? 4 * density : 0);
    paintPinNumbers(pen, pins, this.#names, { colours, halo, density });
    const { rubber } = this.view;
    if (rubber) paintOutline(pen, boxOnStage(map, rubber), { halo, ink: colours.accent, width: density, dash: [5 * density, 3 * density] });
  }

  /** The contour of the marked region, worked out once for all that is drawn around it. */
  #regionLines() {
    const [set, region] = [this.#set, this.state.get("region")];
    if (this.#marked.set !== set || this.#marked.region !== region) {
      const members = region.flatMap((t) => set.indexOf.get(t) ?? []);
      this.#marked = { set, region, lines: contourLines(set, members) };
    }
    return this.#marked.lines;
  }

  /** The contour of the place of the chosen tokens that the selection is in. */
  #placeLines() {
    const { record, state } = this;
    const { places, readings } = placesNow(record, state);
    const at = readings ? placeNumber(places, state) : -1;
    if (at < 0 || places[at].layer !== state.get("layer")) return [];
    return contourLines(this.#set, places[at].positions.flatMap((t) => this.#set.indexOf.get(t) ?? []));
  }

  /** @param {number} position @param {OutlineStyle} style @param {number} [away] device pixels around the patch */
  #outline(position, style, away = 0) {
    const box = this.record.box(position);
    if (!box) return;
    const [left, top, right, bottom] = boxOnStage(this.#map, box);
    paintOutline(this.pens[1], [left - away, top - away, right + away, bottom + away], style);
  }

  /** What the chosen view shows of the picture. @param {PatchSet} set @returns {Box} */
  #seenPart(set) {
    if (set.view > 0 || set.view === -1) return set.extent;
    const { crop } = this.record.meta;
    return crop?.length === 4 ? crop : [0, 0, this.view.size.width, this.view.size.height];
  }

  /** Say what the picture shows, and why a part of it is nearly gone. */
  #describe() {
    const set = this.#set;
    const { width, height } = this.view.size;
    const [left, top, right, bottom] = this.#seenPart(set);
    const whole = left < 1 && top < 1 && right > width - 1 && bottom > height - 1;
    const what = set.view > 0 ? `another tile than ${set.view}` : set.view === -1 ? "no tile" : "not seen by the model";
    const unplaced = this.record.meta.note || "The image's tokens have no known place on it, so there is nothing to colour.";
    const shown = this.state.get("colour") === "none" ? "" : LOOKS.find((one) => one.look === this.state.get("look"))?.says;
    this.note.textContent = !this.mapped ? unplaced.replace(/^no overlay: /, "No patches on the image: ")
      : this.picture ? [shown, whole ? "" : `outside: ${what}`].filter(Boolean).join(" · ") : "";
    this.note.hidden = !this.note.textContent;
  }
}
