/**
 * One small map of the image per layer, all on one canvas; click shows that layer.
 */
import { rgbaWord, shadeRgb } from "../core/colour.js";
import { cloneAll, part, penOf } from "../core/dom.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { rgbOf, themeColours } from "../core/theme.js";
import { drawOnce, inSlices } from "../core/work.js";
import { patchSet } from "../image/map.js";
import { mapPixels, stripLayer, stripLayout } from "./strip_map.js";
/** @import { Quantity } from "../core/quantity.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { PatchSet } from "../image/map.js" */
/** @import { StripLayout } from "./strip_map.js" */

const STRIP_LOOK = { gap: 4, label: 12, least: 15, most: 150, paper: 240 };

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountLayerStrip(root, record, state) {
  root.hidden = record.placed.length === 0 || record.L < 2;
  if (root.hidden) return;
  root.append(cloneAll("strip-frame"));
  const strip = new LayerStrip(root, record, state);
  const { sheet, canvas } = strip;
  canvas.setAttribute("aria-label", `The patches at all ${record.L} layers, one small map each. The slider chooses the layer.`);
  sheet.addEventListener("click", (event) => {
    const layer = strip.layerAt(event);
    if (layer >= 0) state.set({ layer, playing: false });
  });
  sheet.addEventListener("pointermove", (event) => {
    const layer = strip.layerAt(event);
    canvas.title = layer < 0 ? "" : record.layerName(layer);
  });
  new ResizeObserver(() => strip.resize()).observe(root);
  state.on(["dark", ...QUANTITY_KEYS], (changed) => {
    if (changed.has("dark")) strip.restyle();
    strip.paint();
  });
  state.on(["view", "paper"], () => strip.resize());
  state.on(["layer"], () => strip.markCurrent());
}

class LayerStrip {
  /** @type {StripLayout|null} null: no room yet */
  #layout = null;
  #density = 1;
  /** @type {ThemeColours|null} */
  #colours = null;
  #stop = () => {};
  #root;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.#root = root;
    this.#record = record;
    this.#state = state;
    this.sheet = part(root, ".strip-sheet");
    this.canvas = part(root, "canvas", HTMLCanvasElement);
    this.current = part(root, ".strip-current");
    this.paint = drawOnce(() => this.#paintNow());
  }

  /** The theme changed. */
  restyle() { this.#colours = null; }

  resize() {
    const [root, record, canvas] = [this.#root, this.#record, this.canvas];
    const paper = this.#state.get("paper");
    const [left, top, right, bottom] = patchSet(record, this.#state.get("view")).extent;
    const room = { width: root.clientWidth - 20, height: paper ? STRIP_LOOK.paper : root.clientHeight - 8 };
    if (room.width < 20 || room.height < 8) return;
    const density = Math.min(3, Math.max(paper ? 2 : 1, devicePixelRatio || 1));
    const layout = stripLayout(record.L, (right - left) / (bottom - top || 1), room, STRIP_LOOK);
    [this.#density, this.#layout] = [density, layout];
    const wide = Math.min(layout.columns, record.L) * layout.stepX - STRIP_LOOK.gap;
    canvas.width = Math.round(wide * density);
    canvas.height = Math.round(layout.tall * density);
    for (const element of [this.sheet, canvas]) Object.assign(element.style, { width: `${wide}px`, height: `${layout.tall}px` });
    this.paint();
    this.markCurrent();
  }

  markCurrent() {
    const [root, layout] = [this.#root, this.#layout];
    if (!layout) return;
    const { x, y } = stripCorner(layout, this.#state.get("layer"));
    const { columns, stepX, stepY, width, height } = layout;
    Object.assign(this.current.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
    Object.assign(root.dataset, { columns, stepX, stepY, width, height });
    if (layout.fits) return;
    const [low, high] = [y - root.scrollTop, y + height + STRIP_LOOK.label - root.scrollTop];
    if (low < 0) root.scrollTop += low;
    else if (high > root.clientHeight) root.scrollTop += high - root.clientHeight + 4;
  }

  /** The layer whose map is under the pointer, −1 for none. @param {MouseEvent} event */
  layerAt(event) {
    const edge = this.canvas.getBoundingClientRect();
    return this.#layout ? stripLayer(this.#layout, this.#record.L, event.clientX - edge.left, event.clientY - edge.top) : -1;
  }

  #paintNow() {
    this.#stop();
    if (!this.#layout) return;
    const [record, state] = [this.#record, this.#state];
    this.#colours ??= themeColours(this.#root);
    const pen = penOf(this.canvas);
    const set = patchSet(record, state.get("view"));
    const map = new StripMap(pen, set, this.#layout, this.#density);
    const look = { quantity: quantityNow(record, state), dark: state.get("dark"), colours: this.#colours };
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.font = `${9.5 * this.#density}px ${look.colours.family}`;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    const paintLayer = (/** @type {number} */ l) => {
      map.paint(l, String(record.layers[l]), look);
      this.#root.dataset.painted = String(l + 1);
    };
    if (state.get("paper")) record.layers.forEach((_, l) => paintLayer(l)); // it does not wait
    else this.#stop = inSlices(record.L, paintLayer);
  }
}

/** Where the map of a layer begins. @param {StripLayout} layout @param {number} l */
function stripCorner(layout, l) {
  return { x: (l % layout.columns) * layout.stepX, y: Math.floor(l / layout.columns) * layout.stepY };
}

/** One small map at a time: which patch each pixel shows is worked out once for all layers. */
class StripMap {
  /** @param {CanvasRenderingContext2D} pen @param {PatchSet} set @param {StripLayout} layout @param {number} density */
  constructor(pen, set, layout, density) {
    this.pen = pen;
    this.set = set;
    this.layout = layout;
    this.density = density;
    this.width = Math.round(layout.width * density);
    this.height = Math.round(layout.height * density);
    this.patches = mapPixels(set, this.width, this.height);
    this.shown = Uint32Array.from(new Set(this.patches.filter((n) => n >= 0)));
    this.image = pen.createImageData(this.width, this.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.colourOf = new Uint32Array(set.positions.length);
  }

  /** @param {number} l @param {string} name @param {{quantity: Quantity, dark: boolean, colours: ThemeColours}} look */
  paint(l, name, { quantity, dark, colours }) {
    const { pen, set, density, width, height, patches, pixels, colourOf } = this;
    const unknown = rgbaWord(rgbOf(colours.unknown), 1);
    for (const n of this.shown) {
      const shade = quantity.shade(l, set.positions[n]);
      colourOf[n] = shade >= 0 ? rgbaWord(shadeRgb(shade, dark), 1) : shade === -1 ? unknown : 0;
    }
    for (let at = 0; at < patches.length; at += 1) pixels[at] = patches[at] < 0 ? 0 : colourOf[patches[at]];
    const corner = stripCorner(this.layout, l);
    const [x, y] = [Math.round(corner.x * density), Math.round(corner.y * density)];
    pen.putImageData(this.image, x, y);
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    pen.fillStyle = colours.inkSoft;
    const every = this.layout.width >= 17 ? 1 : 2;
    if (l % every === 0) pen.fillText(name, x + width / 2, y + height + 2 * density);
  }
}
