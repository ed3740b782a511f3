/**
 * The layer shown on the image: slider, play, and the mean of the patches over the layers.
 */
import { cloneAll, part } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { inSlices } from "../core/work.js";
import { patchSet } from "../image/map.js";
import { mountLayerSpan } from "./span.js";
import { layerMean } from "./strip_map.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Colour } from "../core/state_values.js" */
/** @import { LayerMean } from "./strip_map.js" */

const PLAYER_SPEEDS = [1, 2, 4, 8, 16];
const PLAYER_THUMB = 16; // pixels, as in image.css

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountLayerPlayer(root, record, state) {
  root.append(cloneAll("player-frame"));
  root.classList.toggle("single", record.L === 1);
  const slider = part(root, ".player-slider", HTMLInputElement);
  const ticks = part(root, ".player-ticks");
  slider.max = String(record.L - 1);
  slider.addEventListener("input", () => state.set({ layer: Number(slider.value), playing: false }));

  const play = new Playing(part(root, ".player-play"), part(root, "select", HTMLSelectElement), record, state);
  const means = new LayerMeans(root, record, state);
  mountLayerSpan(root, record, state);
  new ResizeObserver(() => drawTicks(ticks, record)).observe(ticks);
  state.on(["playing"], () => play.follow());
  state.on(["layer"], () => {
    const name = record.layerName(state.get("layer"));
    slider.value = String(state.get("layer"));
    slider.setAttribute("aria-valuetext", name);
    part(root, ".player-layer").textContent = name;
    means.drawLayer();
  });
  state.on(["paper"], () => drawTicks(ticks, record));
  state.on(["view", ...QUANTITY_KEYS], () => means.measure());
}

/** Layer after layer, at the chosen speed. */
class Playing {
  #timer = 0;
  #button;
  #speed;
  #last;
  #state;

  /** @param {HTMLElement} button @param {HTMLSelectElement} speed @param {LensPage} record @param {State} state */
  constructor(button, speed, record, state) {
    this.#button = button;
    this.#speed = speed;
    this.#last = record.L - 1;
    this.#state = state;
    const usual = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 4;
    speed.append(...PLAYER_SPEEDS.map((n) => new Option(`${n}/s`, String(n), false, n === usual)));
    button.addEventListener("click", () => state.set({ playing: !state.get("playing") }));
  }

  /** It was started or stopped. */
  follow() {
    const playing = this.#state.get("playing");
    this.#button.textContent = playing ? "❚❚" : "▶";
    this.#button.setAttribute("aria-label", playing ? "Pause" : "Play the layers");
    this.#button.setAttribute("aria-pressed", String(playing));
    clearTimeout(this.#timer);
    if (!playing || this.#last === 0) return;
    if (this.#state.get("layer") >= this.#last) this.#state.set({ layer: 0 }); // from the start again
    this.#wait();
  }

  #wait() {
    this.#timer = window.setTimeout(() => this.#step(), 1000 / Number(this.#speed.value));
  }

  #step() {
    const [state, layer] = [this.#state, this.#state.get("layer")];
    if (!state.get("playing")) return;
    if (layer >= this.#last) state.set({ playing: false });
    else {
      state.set({ layer: layer + 1 });
      this.#wait();
    }
  }
}

/** The line above the slider: the mean of the patches at every layer. */
class LayerMeans {
  /** By layer, filled little by little. @type {LayerMean[]} */
  #known = [];
  #stop = () => {};
  #root;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.#root = root;
    this.#record = record;
    this.#state = state;
    this.line = part(root, ".player-means .line", SVGElement);
    this.area = part(root, ".player-means .area", SVGElement);
    this.mark = part(root, ".player-means .mark", SVGElement);
    this.mean = part(root, ".player-mean");
  }

  measure() {
    const [record, state] = [this.#record, this.#state];
    this.#stop();
    this.#known = [];
    const quantity = quantityNow(record, state);
    const positions = record.placed.length ? patchSet(record, state.get("view")).positions : meanPositions(record);
    this.#root.title = quantity.ticks.length ? `The line: mean ${record.imagePositions.length ? "of the patches " : ""}on the colour scale, layer by layer, against its highest layer; unknown counts as the bottom. ${quantity.title}` : "";
    this.#stop = inSlices(record.L, (l) => { this.#known[l] = layerMean(quantity, positions, l); }, () => this.#draw());
  }

  #draw() {
    // against the highest layer: a token that few patches hold would be a flat line else
    const most = Math.max(1e-9, ...this.#known.map((one) => one.shade || 0));
    const points = this.#known.map((one, l) => ({ x: partOfLayers(this.#record, l) * 100, y: 25 - (23 * one.shade) / most })).filter(({ y }) => !Number.isNaN(y));
    const path = points.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
    this.line.setAttribute("points", path);
    this.area.setAttribute("points", points.length ? `${points[0].x},26 ${path} ${points[points.length - 1].x},26` : "");
    this.drawLayer();
  }

  /** The mark, and the mean in words. */
  drawLayer() {
    const layer = this.#state.get("layer");
    const at = String(100 * partOfLayers(this.#record, layer));
    this.mark.setAttribute("x1", at);
    this.mark.setAttribute("x2", at);
    this.mean.textContent = meanText(this.#known[layer], quantityNow(this.#record, this.#state).mode);
  }
}

/** Where no patch has a place: all patches, or all positions. @param {LensPage} record */
const meanPositions = (record) => Int32Array.from(record.imagePositions.length ? record.imagePositions : record.kinds.keys());

/** @param {LayerMean|undefined} mean @param {Colour} mode */
function meanText(mean, mode) {
  if (!mean?.count) return "";
  if (mode === "agree" || mode === "rank") return `${mean.known} of ${mean.count}`;
  if (mean.known === mean.count) return `mean ${formatNumber(mean.value)}`;
  return `in ${mean.known} of ${mean.count}`;
}

/** How far along the layers, 0..1. @param {LensPage} record @param {number} l */
const partOfLayers = (record, l) => (record.L > 1 ? l / (record.L - 1) : 0);

/** As many layer numbers as there is room for, first and last always. @param {HTMLElement} ticks @param {LensPage} record */
function drawTicks(ticks, record) {
  const last = record.L - 1;
  const room = Math.max(60, ticks.clientWidth - PLAYER_THUMB);
  const fits = [1, 2, 4, 5, 8, 10, 16, 20, 25, 40, 50, 100].filter((n) => (room / Math.max(1, last)) * n >= 26);
  const every = fits.slice(0, 3).find((n) => last % n === 0) ?? fits[0] ?? 200;
  const shown = record.layers.map((_, l) => l).filter((l) => l === last || (l % every === 0 && (last - l) >= every * 0.7));
  ticks.replaceChildren(...shown.map((l) => {
    const tick = document.createElement("span");
    tick.textContent = String(record.layers[l]);
    tick.style.left = `calc(${PLAYER_THUMB / 2}px + (100% - ${PLAYER_THUMB}px) * ${partOfLayers(record, l)})`;
    return tick;
  }));
}
