/**
 * The pane of one word of the answer: three maps side by side, and under each the same by layer. It
 * stands in the place of the pinned charts while a word is chosen.
 */
import { byId, childrenOf, cloneAll, cloneOne, part, thePicture } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { themeColours } from "../core/theme.js";
import { patchSet } from "../image/map.js";
import { anchorTooltip } from "../page/tooltip.js";
import { drawKnockout, drawReads, drawWritten } from "./by_layer.js";
import { captionOf, missingOf, supportText } from "./captions.js";
import { paintWordMap, patchUnder, scaleGradient } from "./map_canvas.js";
import { KINDS, ROUTES, TITLES, dependsOn, knockedOut, mapsOf, mostByLayer, readsAs, saidWords, valueText, writesDirectly, writtenByLayer } from "../core/word_maps.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { MapLook } from "./map_canvas.js" */
/** @import { MapKind, SaidWord } from "../core/word_maps.js" */

const CHART_HEIGHT = 84;
const SCALE_HEIGHT = 26; // the colour bar and its numbers

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountMapsPane(root, record, state) {
  const words = saidWords(record);
  if (words.length === 0) return;
  root.append(cloneAll("maps-frame"));
  const pane = new MapsPane(root, record, state);
  part(root, ".maps-close").addEventListener("click", () => state.set({ word: -1 }));
  const step = (/** @type {number} */ by) => chooseWord(record, state, (state.get("word") + by + words.length) % words.length);
  byId("maps-next").addEventListener("click", () => step(1));
  byId("maps-back").addEventListener("click", () => step(state.get("word") < 0 ? 0 : -1));
  root.addEventListener("pointermove", (event) => pane.point(event));
  root.addEventListener("pointerleave", () => { if (state.get("word") >= 0) state.set({ hover: null }); });
  new ResizeObserver(() => pane.resize()).observe(part(root, ".maps-body"));
  thePicture()?.addEventListener("load", () => pane.paint());
  state.on(["word", "paper"], () => pane.show());
  state.on(["layer", "view", "dark", "lens"], () => pane.draw());
  state.on(["hover", "cell"], () => pane.paint());
}

/** Choose a word: its maps, its token everywhere, the layer at which a patch reads most as it. @param {LensPage} record @param {State} state @param {number} n */
export function chooseWord(record, state, n) {
  const word = saidWords(record)[n];
  const decided = Math.max(0, record.answerPositions[word.first] - 1);
  const colour = state.get("colour") === "rank" ? "rank" : "prob";
  state.set({ word: n, tokens: [record.id(word.index)], cell: { layer: record.L - 1, position: decided }, colour });
  if (word.support) state.set({ layer: word.support.layer });
}

class MapsPane {
  /** @type {{kind: MapKind, values: Float32Array, look: MapLook}[]} */
  #maps = [];
  #root;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.#root = root;
    this.#record = record;
    this.#state = state;
    part(root, ".maps-body").append(...KINDS.map((kind) => {
      const column = cloneOne("maps-column");
      column.dataset.kind = kind;
      part(column, "h3").textContent = TITLES[kind];
      part(column, ".maps-key").append(...MAP_KEYS[kind].map(keyItem));
      return column;
    }));
  }

  /** @returns {SaidWord|undefined} */
  get #word() { return saidWords(this.#record)[this.#state.get("word")]; }

  /** Another word, or none. */
  show() {
    const word = this.#word;
    this.#root.hidden = word === undefined;
    this.#root.parentElement?.classList.toggle("word-open", word !== undefined);
    if (!word) return;
    part(this.#root, ".maps-word").textContent = word.text;
    const support = part(this.#root, ".maps-support");
    support.textContent = supportText(this.#record, word);
    this.draw();
  }

  /** Canvases as wide as their columns, as high as the part that the model saw is, or as there is room. */
  resize() {
    if (!this.#word) return;
    const [left, top, right, bottom] = patchSet(this.#record, this.#state.get("view")).extent;
    const shape = (right - left) / (bottom - top || 1);
    const body = part(this.#root, ".maps-body");
    const density = Math.min(3, Math.max(this.#state.get("paper") ? 2 : 1, devicePixelRatio || 1));
    for (const column of childrenOf(body)) {
      const canvas = part(column, "canvas", HTMLCanvasElement);
      const room = part(column, ".maps-place").clientHeight - SCALE_HEIGHT;
      const width = Math.max(60, Math.min(column.clientWidth - 2, room * shape));
      part(column, ".maps-picture").style.width = `${width}px`;
      Object.assign(canvas.style, { width: `${width}px`, height: `${width / shape}px` });
      [canvas.width, canvas.height] = [Math.round(width * density), Math.round((width / shape) * density)];
    }
    this.#drawCharts();
    this.paint();
  }

  /** Everything but the pointer's marks. */
  draw() {
    const word = this.#word;
    if (!word) return;
    this.#maps = KINDS.map((kind) => this.#mapOf(kind, word)).filter((map) => map !== null);
    for (const kind of KINDS) {
      const column = this.#column(kind);
      const map = this.#maps.find((one) => one.kind === kind);
      part(column, ".maps-missing").hidden = map !== undefined;
      part(column, ".maps-picture").hidden = map === undefined;
      part(column, ".maps-caption").textContent = map ? captionOf(kind, this.#record, word, this.#state.get("layer")) : "";
      part(column, ".maps-missing").textContent = missingOf(kind, this.#record);
      if (map) drawScale(column, map.look);
    }
    this.resize(); // what the words leave is the picture's
  }

  /** The maps, and the numbers of the patch that is pointed at. */
  paint() {
    const word = this.#word;
    if (!word) return;
    const record = this.#record;
    const set = patchSet(record, this.#state.get("view"));
    const marked = (this.#state.get("hover") ?? this.#state.get("cell"))?.position ?? -1;
    const numberOf = (/** @type {number} */ t) => record.patchNumber.get(t) ?? -1;
    for (const { kind, values, look } of this.#maps) {
      const column = this.#column(kind);
      const what = { picture: thePicture(), size: record.meta.image, set, values, numberOf, marked };
      paintWordMap(part(column, "canvas", HTMLCanvasElement), what, look);
      const at = numberOf(marked);
      const most = mostOf(values);
      part(column, ".maps-value").textContent = at >= 0 ? `${record.label(marked)} · ${valueText(kind, values[at])}` : `most ${valueText(kind, values[most])}`;
    }
  }

  /** The patch under the pointer is hovered, everywhere on the page. @param {MouseEvent} event */
  point(event) {
    const canvas = event.target instanceof HTMLCanvasElement ? event.target : null;
    if (!canvas) return;
    const state = this.#state;
    const position = patchUnder(canvas, patchSet(this.#record, state.get("view")), event);
    const hover = position < 0 ? null : { layer: state.get("layer"), position };
    anchorTooltip(null); // the maps have their own numbers
    if (hover?.position !== state.get("hover")?.position) state.set({ hover });
  }

  /** @param {MapKind} kind */
  #column(kind) { return part(this.#root, `.maps-column[data-kind="${kind}"]`); }

  /** @param {MapKind} kind @param {SaidWord} word */
  #mapOf(kind, word) {
    const record = this.#record;
    if (!mapsOf(record)[kind]) return null;
    const colours = themeColours(this.#root);
    const base = { dark: this.#state.get("dark"), surface: colours.surface, pin: colours.pin, halo: colours.surface };
    if (kind === "reads") {
      const limit = Math.max(...mostByLayer(record, word), 1e-9);
      return { kind, values: readsAs(record, word, this.#state.get("layer")), look: { ...base, signed: false, limit } };
    }
    const map = kind === "depends" ? dependsOn(record, word) : writesDirectly(record, word);
    return map && { kind, values: map.values, look: { ...base, signed: true, limit: map.limit } };
  }

  #drawCharts() {
    const [record, word] = [this.#record, this.#word];
    if (!word) return;
    const chart = (/** @type {MapKind} */ kind) => part(this.#column(kind), "svg", SVGElement);
    const size = { width: Math.max(120, this.#column("reads").clientWidth - 4), height: CHART_HEIGHT };
    drawReads(chart("reads"), { layers: record.layers, most: mostByLayer(record, word), now: this.#state.get("layer") }, size);
    const bands = knockedOut(record, word);
    this.#chartOrWords("depends", bands.length > 0, missingWords("--knockout", record.meta.knockout?.refused));
    if (bands.length) drawKnockout(chart("depends"), bands, size);
    const written = writtenByLayer(record, word);
    this.#chartOrWords("writes", written !== null, missingWords("--attribute", record.meta.attribution?.refused));
    if (written) drawWritten(chart("writes"), written, size);
  }

  /** @param {MapKind} kind @param {boolean} there @param {string} words */
  #chartOrWords(kind, there, words) {
    const column = this.#column(kind);
    part(column, "svg", SVGElement).toggleAttribute("hidden", !there);
    part(column, ".maps-chart-title").dataset.missing = there ? "" : words;
  }
}

/** What the colours of the charts mean. @type {Record<MapKind, [string, string][]>} */
const MAP_KEYS = {
  reads: [],
  depends: ROUTES.map((route, r) => [`maps-route-${r}`, route]),
  writes: [["maps-attention", "attention"], ["maps-mlp", "MLP"], ["maps-rest", "embedding, rest"]],
};

/** @param {[string, string]} item */
function keyItem([kind, text]) {
  const element = cloneOne("maps-key");
  part(element, "i").className = kind;
  part(element, "span").textContent = text;
  return element;
}

/** @param {string} flag @param {string|undefined} refused */
const missingWords = (flag, refused) => (refused ? `not possible here: ${refused}` : `not recorded: run with ${flag}`);

/** The place of the largest value. @param {Float32Array} values */
const mostOf = (values) => values.reduce((best, value, n) => (value > values[best] || Number.isNaN(values[best]) ? n : best), 0);

/** @param {HTMLElement} column @param {MapLook} look */
function drawScale(column, look) {
  part(column, ".maps-bar").style.background = scaleGradient(look);
  const ends = look.signed ? [-look.limit, 0, look.limit] : [0, look.limit / 2, look.limit];
  childrenOf(part(column, ".maps-ends")).forEach((element, n) => { element.textContent = formatNumber(ends[n]); });
}
