/**
 * Four charts by layer: the median image as a line, the middle half of the images as a band. One
 * layer is pointed at in all of them. SVG by classes; does not know words.
 */
import { part } from "../js/core/dom.js";
import { DECIMAL } from "../js/core/decimal.js";
import { formatNumber } from "../js/core/format.js";
import { svgElement } from "../js/core/svg.js";
import { layerTicks } from "../js/pinned/axis.js";
/** @import { FolderModel } from "./data.js" */

const EDGE = { left: 38, right: 10, top: 8, bottom: 20 };
const LAYER_ROOM = 30; // pixels that a layer's number takes

/** @typedef {{low: number, middle: number, high: number}} Quartiles */
/** @typedef {{at: number, text: string}} Tick */

/** "62 %" @param {number} share */
const percent = (share) => `${formatNumber(100 * share)} %`;

/** How a quantity is written. @param {string} quantity @param {number} value */
const written = (quantity, value) => (quantity === "whole" || quantity === "decided" ? percent(value) : formatNumber(value));

/** Per layer; null where no image has a number. @param {FolderModel} model @param {number} q @returns {(Quartiles|null)[]} */
export const quartilesOf = (model, q) => model.quartiles.map((layer) => {
  if (!layer[q].length) return null;
  const [low, middle, high] = layer[q].map((code) => DECIMAL[code]);
  return { low, middle, high };
});

/**
 * Ticks from zero to a round number above all values.
 * @param {number} most
 * @returns {number[]}
 */
export function roundTicks(most) {
  const decade = 10 ** Math.floor(Math.log10(most || 1));
  const step = [0.2, 0.5, 1, 2, 5].map((n) => n * decade).find((size) => most / size <= 4) ?? decade;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(3)));
}

/** One quantity: its frame is in the page. */
export class LayerChart {
  #root;
  #svg;
  #quantity;
  /** @type {(Quartiles|null)[]} */
  #values = [];
  /** @type {FolderModel|null} */
  #model = null;
  #q;
  /** @param {number} _l @returns {number} */
  #x = (_l) => 0;

  /** @param {HTMLElement} root @param {number} q number of its quantity */
  constructor(root, q) {
    this.#root = root;
    this.#q = q;
    this.#quantity = root.dataset.quantity ?? "";
    this.#svg = part(root, "svg", SVGSVGElement);
  }

  /** @param {FolderModel} model */
  show(model) {
    this.#model = model;
    this.#values = quartilesOf(model, this.#q);
    this.draw();
  }

  draw() {
    const model = this.#model;
    if (!model) return;
    const [width, height] = [this.#svg.clientWidth, this.#svg.clientHeight];
    const known = this.#values.flatMap((value) => (value ? [value.high] : []));
    part(this.#root, ".unknown").hidden = known.length > 0;
    this.#svg.toggleAttribute("hidden", known.length === 0);
    this.point(null);
    if (!known.length || !width) return;
    const isShare = this.#quantity === "whole" || this.#quantity === "decided";
    const ticks = isShare ? [0, 0.25, 0.5, 0.75, 1] : roundTicks(Math.max(...known));
    const most = ticks[ticks.length - 1];
    const y = (/** @type {number} */ value) => height - EDGE.bottom - (value / most) * (height - EDGE.top - EDGE.bottom);
    const last = Math.max(1, model.layers.length - 1);
    this.#x = (l) => EDGE.left + (l / last) * (width - EDGE.left - EDGE.right);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(
      ...ticks.flatMap((tick) => [
        svgElement("line", { class: tick ? "chart-grid" : "chart-floor", x1: EDGE.left, x2: width - EDGE.right, y1: y(tick), y2: y(tick) }),
        svgElement("text", { class: "chart-tick", x: EDGE.left - 6, y: y(tick) + 3.5, "text-anchor": "end" }, isShare ? `${100 * tick}` : String(tick)),
      ]),
      ...layerTicks(model.layers, Math.floor((width - EDGE.left) / LAYER_ROOM)).map((l) => svgElement("text", { class: "chart-tick", x: this.#x(l), y: height - 5, "text-anchor": "middle" }, String(model.layers[l]))),
      ...this.#marks(y),
      svgElement("line", { class: "chart-now", y1: EDGE.top, y2: height - EDGE.bottom, visibility: "hidden" }),
    );
    this.#svg.setAttribute("aria-label", this.#words(model));
  }

  /** Band and line, in as many pieces as there are layers without a number between. @param {(value: number) => number} y */
  #marks(y) {
    const pieces = piecesOf(this.#values);
    const path = (/** @type {number[]} */ layers, /** @type {keyof Quartiles} */ key) => layers.map((l) => `${this.#x(l).toFixed(1)} ${y(/** @type {Quartiles} */ (this.#values[l])[key]).toFixed(1)}`);
    return pieces.flatMap((layers) => [
      svgElement("path", { class: "chart-band", d: `M${[...path(layers, "high"), ...path(layers, "low").reverse()].join("L")}Z` }),
      svgElement("path", { class: "chart-line", d: `M${path(layers, "middle").join("L")}${layers.length === 1 ? "h.01" : ""}` }),
    ]);
  }

  /** The chart in words, for those who do not see it. @param {FolderModel} model */
  #words(model) {
    const said = this.#values.flatMap((value, l) => (value ? [`layer ${model.layers[l]}: ${this.#said(value)}`] : []));
    return `${part(this.#root, "h2").textContent}. ${said.join("; ")}`;
  }

  /** @param {Quartiles} value */
  #said(value) {
    const [low, middle, high] = [value.low, value.middle, value.high].map((one) => written(this.#quantity, one));
    return `${middle} (${low} to ${high})`;
  }

  /** The layer under a point of the screen. @param {number} clientX */
  layerAt(clientX) {
    const along = clientX - this.#svg.getBoundingClientRect().left;
    const layers = this.#model?.layers ?? [];
    return layers.reduce((best, _, l) => (Math.abs(this.#x(l) - along) < Math.abs(this.#x(best) - along) ? l : best), 0);
  }

  /** Say what one layer has; null: none. @param {number|null} l */
  point(l) {
    const value = l === null ? null : this.#values[l];
    part(this.#root, ".chart-said").textContent = value && l !== null ? `layer ${this.#model?.layers[l]}: ${this.#said(value)}` : "";
    const mark = this.#svg.querySelector(".chart-now");
    mark?.setAttribute("visibility", value ? "visible" : "hidden");
    if (l !== null) for (const end of ["x1", "x2"]) mark?.setAttribute(end, this.#x(l).toFixed(1));
  }
}

/** Runs of layers that have a number. @param {(Quartiles|null)[]} values */
function piecesOf(values) {
  /** @type {number[][]} */
  const pieces = [];
  values.forEach((value, l) => {
    if (!value) return;
    if (l && values[l - 1]) pieces[pieces.length - 1].push(l);
    else pieces.push([l]);
  });
  return pieces;
}
