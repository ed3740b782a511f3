/**
 * Four maps of the picture side by side: A, B, their difference, and the layer at which they part.
 * One pointer for all of them.
 */
import { childrenOf, cloneOne, part, penOf } from "../core/dom.js";
import { rgbOf, themeColours } from "../core/theme.js";
import { boxNumber, patchSet } from "../image/map.js";
import { paintWordMap, patchUnder } from "../maps/map_canvas.js";
import { PANELS, PANEL_NAMES, scaleStops } from "./looks.js";
import { measureOf } from "./measures.js";
import { panelEnds, panelShades, panelSummary, panelText, panelTitle, pictureSide, sideName } from "./panels.js";
import { anchorPairTip } from "./tip.js";
/** @import { State } from "../core/state.js" */
/** @import { MapLook } from "../maps/map_canvas.js" */
/** @import { PatchSet } from "../image/map.js" */
/** @import { PairPage, Side } from "./pair.js" */
/** @import { Panel } from "./looks.js" */

const UNDER_PICTURE = 26; // the colour bar and its numbers

/** The picture of a side, null where it has none. The same one is in the page once. @param {Side} side @returns {HTMLImageElement|null} */
export const sidePicture = (side) => document.querySelector(`img#picture-${side}`) ?? document.querySelector("img#picture-a");

/** How a map is coloured; its scale ends at 1. @param {Panel} panel @param {boolean} dark @param {{surface: string, pin: string}} colours @returns {MapLook} */
export const panelLook = (panel, dark, { surface, pin }) => ({ dark, surface, pin, halo: surface, signed: panel === "difference", grey: panel === "difference" || panel === "parting", limit: 1 });

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountPairMaps(root, pair, state) {
  const placed = pair.a.placed.length + pair.b.placed.length > 0;
  root.hidden = !placed;
  if (!placed) return;
  const maps = new PairMaps(root, pair, state);
  root.addEventListener("pointermove", (event) => maps.point(event));
  root.addEventListener("pointerleave", () => state.set({ hover: null }));
  root.addEventListener("click", () => { if (state.get("hover")) state.set({ cell: state.get("hover") }); });
  new ResizeObserver(() => maps.resize()).observe(root);
  for (const side of /** @type {Side[]} */ (["a", "b"])) sidePicture(side)?.addEventListener("load", () => maps.paint());
  state.on(["measure"], () => maps.name());
  state.on(["layer", "view", "dark", "measure"], () => maps.resize());
  state.on(["hover", "cell"], () => maps.paint());
}

class PairMaps {
  #root;
  #pair;
  #state;
  #figures;

  /** @param {HTMLElement} root @param {PairPage} pair @param {State} state */
  constructor(root, pair, state) {
    this.#root = root;
    this.#pair = pair;
    this.#state = state;
    this.#figures = PANELS.map((panel) => {
      const figure = cloneOne("pair-map");
      figure.dataset.panel = panel;
      return figure;
    });
    root.append(...this.#figures);
  }

  get #measure() { return measureOf(this.#pair, this.#state.get("measure")); }

  /** Titles and scales. */
  name() {
    const measure = this.#measure;
    for (const [n, panel] of PANELS.entries()) {
      const figure = this.#figures[n];
      part(figure, "h2").textContent = PANEL_NAMES[panel];
      part(figure, ".pair-name").textContent = panel === "a" || panel === "b" ? sideName(this.#pair, panel) : "";
      figure.title = panelTitle(measure, panel);
      const ends = panelEnds(this.#pair, measure, panel);
      childrenOf(part(figure, ".pair-ends")).forEach((element, k) => { element.textContent = ends[k]; });
    }
  }

  /** The patches that a panel shows. @param {Panel} panel */
  #set(panel) { return patchSet(this.#pair[pictureSide(panel)], this.#state.get("view")); }

  /** Canvases as large as there is room. */
  resize() {
    const density = Math.min(3, Math.max(1, devicePixelRatio || 1));
    for (const [n, panel] of PANELS.entries()) {
      const figure = this.#figures[n];
      const [left, top, right, bottom] = this.#set(panel).extent;
      const shape = (right - left) / (bottom - top || 1) || 1;
      const place = part(figure, ".pair-place");
      const width = Math.max(60, Math.min(place.clientWidth - 2, (place.clientHeight - UNDER_PICTURE) * shape));
      part(figure, ".pair-picture").style.width = `${width}px`;
      const canvas = part(figure, "canvas", HTMLCanvasElement);
      Object.assign(canvas.style, { width: `${width}px`, height: `${width / shape}px` });
      [canvas.width, canvas.height] = [Math.round(width * density), Math.round((width / shape) * density)];
    }
    this.paint();
  }

  paint() {
    const [pair, measure, l] = [this.#pair, this.#measure, this.#state.get("layer")];
    const row = (this.#state.get("hover") ?? this.#state.get("cell"))?.position ?? -1;
    const colours = themeColours(this.#root);
    for (const [n, panel] of PANELS.entries()) {
      const [figure, side, set] = [this.#figures[n], pictureSide(panel), this.#set(panel)];
      const canvas = part(figure, "canvas", HTMLCanvasElement);
      const look = panelLook(panel, this.#state.get("dark"), colours);
      const values = panelShades(pair, measure, panel, l);
      const numberOf = (/** @type {number} */ t) => pair.rowOf[side].get(t) ?? -1;
      const marked = row < 0 ? -1 : pair.position(row, side);
      const record = pair[side];
      paintWordMap(canvas, { picture: sidePicture(side), size: record.meta.image, set, values, numberOf, marked }, look);
      hatchAlone(canvas, set, (t) => pair.pairs[numberOf(t)] < 0, rgbOf(colours.inkSoft).join(" "));
      part(figure, ".pair-bar").style.background = barGradient(look, panel === "difference" && measure.signed);
      const isPatch = row >= 0 && pair.kind(row) === 1;
      part(figure, ".pair-value").textContent = isPatch ? panelText(pair, measure, panel, l, row) : panelSummary(pair, measure, panel, l);
    }
  }

  /** The patch under the pointer is hovered in all maps. @param {MouseEvent} event */
  point(event) {
    const canvas = event.target instanceof HTMLCanvasElement ? event.target : null;
    const panel = /** @type {Panel|undefined} */ (canvas?.closest("figure")?.dataset.panel);
    if (!canvas || !panel) return;
    const [side, set] = [pictureSide(panel), this.#set(panel)];
    const t = patchUnder(canvas, set, event);
    const row = t < 0 ? -1 : this.#pair.rowOf[side].get(t) ?? -1;
    if (row === (this.#state.get("hover")?.position ?? -1)) return;
    anchorPairTip(row < 0 ? null : canvas.getBoundingClientRect(), "below");
    this.#state.set({ hover: row < 0 ? null : { layer: this.#state.get("layer"), position: row } });
  }
}

/** Stripes over patches that have no partner. @param {HTMLCanvasElement} canvas @param {PatchSet} set @param {(t: number) => boolean} alone @param {string} ink */
function hatchAlone(canvas, set, alone, ink) {
  const pen = penOf(canvas);
  const [left, top, right, bottom] = set.extent;
  const [across, down] = [canvas.width / (right - left || 1), canvas.height / (bottom - top || 1)];
  pen.strokeStyle = `rgb(${ink} / 0.8)`;
  pen.lineWidth = Math.max(1, canvas.width / 500);
  pen.beginPath();
  set.positions.forEach((t, n) => {
    if (!alone(t)) return;
    const [l, u, r, d] = boxNumber(set, n);
    for (const by of [0.25, 0.75]) {
      pen.moveTo((l - left) * across, (u - top + (d - u) * by) * down);
      pen.lineTo((l - left + (r - l) * by) * across, (u - top) * down);
      pen.moveTo((l - left + (r - l) * by) * across, (d - top) * down);
      pen.lineTo((r - left) * across, (u - top + (d - u) * by) * down);
    }
  });
  pen.stroke();
}

/** @param {MapLook} look @param {boolean} bothSides */
function barGradient(look, bothSides) {
  const stops = scaleStops(look, bothSides, 13).map(({ rgb, alpha }) => `rgb(${rgb.join(" ")} / ${alpha.toFixed(3)})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
