/**
 * What the state holds, and its form in the URL hash. Pure: knows neither page nor panels.
 */

/** @typedef {{layer: number, position: number}} Cell layer is an index into `record.layers` */
/** @typedef {"prob"|"entropy"|"kl"|"rank"|"agree"|"none"} Colour */
/** @typedef {"all"|"text"|"image"|"answer"|"pinned"|"matches"} RowFilter */
/** @typedef {"position"|"surest"|"entropy"|"decided"|"word"|"apart"} RowOrder the last on comparison pages, the others on reports */
/** @typedef {{from: number, to: number, step: number}} Span indices of layers */
/** @typedef {{row: number, layer: number}} Scroll the first row, a position or a band as in grid/rows.js, and the first layer */
/** @typedef {{by: number, x: number, y: number}} Zoom how often as large; what of the original is in the middle */
/** @typedef {"prob"|"log"|"rank"} Scale */
/** @typedef {"one"|"each"|"position"} Charts all pins in one, one each, or one token over all positions */
/** @typedef {"auto"|"light"|"dark"} Theme */
/** @typedef {"auto"|"unit"|"report"|"log"} RangeChoice auto: what fits the report */
/** @typedef {"fade"|"dots"|"colour"} Look */
/** @typedef {"a"|"b"|"difference"} Shown */

/**
 * @typedef {object} StateValues
 * @property {number} layer index of the layer shown on the image; main.js starts it at a late layer
 * @property {Cell|null} cell the selection
 * @property {Cell|null} hover what the pointer is on; never in the hash
 * @property {Cell[]} pins the oldest first
 * @property {string} lens its name
 * @property {Colour} colour
 * @property {number[]} tokens token ids, summed
 * @property {string} query what is typed into find token
 * @property {RowFilter} rows
 * @property {RowOrder} order of the rows
 * @property {boolean} whole only whole words stand out: pieces of words are dimmed
 * @property {Span|null} span layers that the grid shows; null: all
 * @property {number[]} folded views whose patches are folded in the grid
 * @property {boolean} zoomedOut the grid is a heat map
 * @property {number[]} region positions marked on the image
 * @property {number} word of the answer whose maps are shown, −1 for none
 * @property {number} view 0 whole image, 1.. tiles, −1 all tiles
 * @property {RangeChoice} range of the colours, where they mean probabilities
 * @property {Look} look how the picture shows the colours' quantity
 * @property {number} strength 0..1 of that
 * @property {boolean} words are written on the picture
 * @property {Zoom|null} zoom of the picture; null: all of it is in sight
 * @property {Scroll|null} scroll of the grid; null: as it opened
 * @property {boolean} large the charts have more room than the grid
 * @property {Scale} scale of the charts
 * @property {Shown} shown of a comparison: what its grid shows
 * @property {string} measure of a comparison, see comparison/measures.js
 * @property {Charts} charts of the pins
 * @property {Theme} theme
 * @property {boolean} dark what theme comes to; set by main.js, never in the hash
 * @property {boolean} paper the page is being printed: fixed sizes, see css/paper.css; never in the hash
 * @property {boolean} playing never in the hash
 */

/** @typedef {{layers: number, positions: number, lenses?: string[]}} StateSizes what there is to choose from */
/** @typedef {Exclude<keyof StateValues, "hover"|"dark"|"paper"|"playing">} SavedKey */

/** What a fresh report shows. @type {StateValues} */
export const DEFAULTS = {
  layer: 0, cell: null, hover: null, pins: [], lens: "logit", colour: "prob", tokens: [], query: "", rows: "all", order: "position", whole: false, span: null, folded: [], zoomedOut: false,
  region: [], word: -1, view: 0, range: "auto", look: "fade", strength: 0.5, words: true, zoom: null, scroll: null,
  large: false, scale: "prob", charts: "one", shown: "difference", measure: "variation", theme: "auto", dark: false, paper: false, playing: false,
};

/** @param {Cell} cell */
const cellText = (cell) => `${cell.layer}.${cell.position}`;
/** @param {boolean} on */
const flagText = (on) => (on ? "1" : "0");

/** @param {Span|null} span */
const spanOf = (span) => (span ? `${span.from}-${span.to}${span.step > 1 ? `/${span.step}` : ""}` : "");

/** @param {Zoom|null} zoom */
const zoomOf = (zoom) => (zoom ? `${zoom.by},${zoom.x},${zoom.y}` : "");
/** @param {Scroll|null} scroll */
const scrollOf = (scroll) => (scroll ? `${scroll.row}.${scroll.layer}` : "");

/** @type {{[Key in SavedKey]: (value: StateValues[Key]) => string}} in the order of the hash */
const WRITERS = {
  layer: String, cell: (cell) => (cell ? cellText(cell) : ""), pins: (pins) => pins.map(cellText).join(","), lens: String, colour: String,
  tokens: String, query: String, rows: String, order: String, whole: flagText, span: spanOf, folded: String, zoomedOut: flagText, region: toRanges,
  word: String, view: String, range: String,
  look: String, strength: String, words: flagText, zoom: zoomOf, scroll: scrollOf, large: flagText, scale: String, charts: String,
  shown: String, measure: String, theme: String,
};

/** Does a key go into the hash? @param {string} key @returns {key is SavedKey} */
export const isSaved = (key) => Object.hasOwn(WRITERS, key);

/** @param {unknown} a @param {unknown} b */
export const sameValue = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * The state as a hash: only what differs from `start`.
 * @param {StateValues} values
 * @param {StateValues} start
 * @returns {string} without "#"
 */
export function toHash(values, start) {
  return Object.keys(WRITERS).filter(isSaved).filter((key) => !sameValue(values[key], start[key])).map((key) => {
    const write = /** @type {(value: unknown) => string} */ (WRITERS[key]);
    return `${key}=${encodeURIComponent(write(values[key])).replaceAll("%2C", ",")}`;
  }).join("&");
}

/**
 * Read a hash. Unknown keys and malformed or impossible values are ignored: a link may be old.
 * @param {string} hash with or without "#"
 * @param {StateValues} start
 * @param {StateSizes} sizes
 * @returns {StateValues}
 */
export function fromHash(hash, start, sizes) {
  const values = { ...start };
  const readers = readersFor(values, sizes);
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [key, coded = ""] = part.split("=");
    if (!isSaved(key)) continue;
    try {
      Object.assign(values, { [key]: readers[key](decodeURIComponent(coded)) });
    } catch { /* a broken %-sequence: as if it were not there */ }
  }
  return values;
}

/**
 * @param {StateValues} values what stays where a text means nothing
 * @param {StateSizes} sizes
 * @returns {{[Key in SavedKey]: (text: string) => StateValues[Key]}}
 */
function readersFor(values, sizes) {
  const isIndex = (/** @type {number} */ n, /** @type {number} */ count) => Number.isInteger(n) && n >= 0 && n < count;
  /** @param {string} text @returns {Cell|null} */
  const readCell = (text) => {
    const [layer, position] = text.split(".").map(Number);
    return text && isIndex(layer, sizes.layers) && isIndex(position, sizes.positions) ? { layer, position } : null;
  };
  /**
   * @template {"colour"|"rows"|"order"|"range"|"look"|"scale"|"charts"|"shown"|"theme"} Key
   * @param {Key} key
   * @param {StateValues[Key][]} names
   * @returns {(text: string) => StateValues[Key]}
   */
  const oneOf = (key, ...names) => (text) => names.find((name) => name === text) ?? values[key];
  const numbers = (/** @type {string} */ text) => text.split(",").filter((word) => /^\d+$/.test(word)).map(Number);
  const flag = (/** @type {string} */ text) => text === "1";
  return {
    layer: (text) => (text !== "" && isIndex(Number(text), sizes.layers) ? Number(text) : values.layer),
    cell: readCell,
    pins: (text) => text.split(",").map(readCell).filter((cell) => cell !== null),
    lens: (text) => sizes.lenses?.find((name) => name === text) ?? values.lens,
    colour: oneOf("colour", "prob", "entropy", "kl", "rank", "agree", "none"),
    tokens: numbers,
    query: (text) => text,
    rows: oneOf("rows", "all", "text", "image", "answer", "pinned", "matches"),
    order: oneOf("order", "position", "surest", "entropy", "decided", "word", "apart"),
    whole: flag,
    span: (text) => readSpan(text, sizes.layers),
    folded: numbers,
    zoomedOut: flag,
    region: (text) => fromRanges(text, sizes.positions),
    word: (text) => (/^\d+$/.test(text) ? Number(text) : values.word),
    view: (text) => Number.parseInt(text, 10) || 0,
    range: oneOf("range", "auto", "unit", "report", "log"),
    look: oneOf("look", "fade", "dots", "colour"),
    strength: (text) => (text !== "" && Number(text) >= 0 && Number(text) <= 1 ? Number(text) : values.strength),
    words: flag,
    zoom: readZoom,
    scroll: (text) => readScroll(text, sizes),
    large: flag,
    scale: oneOf("scale", "prob", "log", "rank"),
    shown: oneOf("shown", "a", "b", "difference"),
    measure: (text) => text,
    charts: oneOf("charts", "one", "each", "position"),
    theme: oneOf("theme", "auto", "light", "dark"),
  };
}

/** "2.5,320,200" @param {string} text @returns {Zoom|null} */
function readZoom(text) {
  const [by, x, y] = text.split(",").map(Number);
  return text && by > 1 && by < 1e4 && [x, y].every((at) => Math.abs(at) < 1e6) ? { by, x, y } : null;
}

/** "-6.12" @param {string} text @param {{layers: number, positions: number}} sizes @returns {Scroll|null} */
function readScroll(text, { layers, positions }) {
  const match = /^(-?\d+)\.(\d+)$/.exec(text);
  const [row, layer] = match ? [Number(match[1]), Number(match[2])] : [0, Infinity];
  return row >= -positions && row < positions && layer < layers ? { row, layer } : null;
}

/** "8-32/2" @param {string} text @param {number} layers @returns {Span|null} */
function readSpan(text, layers) {
  const match = /^(\d+)-(\d+)(?:\/(\d+))?$/.exec(text);
  if (!match) return null;
  const [from, to, step] = [Number(match[1]), Math.min(Number(match[2]), layers - 1), Number(match[3] ?? 1)];
  return from <= to && step >= 1 ? { from, to, step } : null;
}

/** 5,6,7,9 → "5-7,9" @param {number[]} numbers */
function toRanges(numbers) {
  /** @type {[number, number][]} */
  const parts = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(",");
}

/** @param {string} text @param {number} count */
function fromRanges(text, count) {
  /** @type {Set<number>} */
  const numbers = new Set();
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const last = Math.min(Number(match[2] ?? match[1]), count - 1);
    for (let n = Number(match[1]); n <= last; n += 1) numbers.add(n);
  }
  return [...numbers].sort((a, b) => a - b);
}
