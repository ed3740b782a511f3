/**
 * The one state object: what is chosen, who wants to know, and its form in the URL hash.
 * Knows no panel. Tested without a browser: the window and the clock are handed in.
 */

/** @typedef {{layer: number, position: number}} Cell layer is an index into `record.layers` */

/** What a fresh report shows. Every key but hover, dark, paper and playing goes into the hash. */
export const DEFAULTS = {
  layer: 0, // index of the layer shown on the image; main.js starts it at a late layer
  /** @type {Cell|null} */ cell: null, // the selection
  /** @type {Cell|null} */ hover: null, // what the pointer is on; never in the hash
  /** @type {Cell[]} */ pins: [],
  colour: "prob", // prob entropy kl rank agree none
  /** @type {number[]} */ tokens: [], // token ids, summed
  query: "", // what is typed into find token
  rows: "all", // all text image answer pinned matches
  /** @type {number[]} */ folded: [], // views whose patches are folded in the grid
  zoomedOut: false,
  /** @type {number[]} */ region: [], // positions marked on the image
  view: 0, // 0 whole image, 1.. tiles, −1 all tiles
  scale: "prob", // of the charts: prob log rank
  theme: "auto", // auto light dark
  dark: false, // what theme comes to; set by main.js, never in the hash
  paper: false, // the page is being printed: fixed sizes, see css/paper.css; never in the hash
  playing: false, // never in the hash
};
const UNSAVED = new Set(["hover", "dark", "paper", "playing"]);
// a change of one of these is a step that "back" undoes; the others only amend the address
const STEPS = new Set(["cell", "pins", "colour", "tokens", "rows", "region", "view", "zoomedOut"]);

const cellText = (cell) => `${cell.layer}.${cell.position}`;
const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * The state as a hash: only what differs from `start`.
 * @param {object} values
 * @param {object} start
 * @returns {string} without "#"
 */
export function toHash(values, start) {
  const parts = [];
  for (const key of Object.keys(DEFAULTS)) {
    if (UNSAVED.has(key) || same(values[key], start[key])) continue;
    const value = values[key];
    let text;
    if (key === "cell") text = value ? cellText(value) : "";
    else if (key === "pins") text = value.map(cellText).join(",");
    else if (key === "region") text = toRanges(value);
    else if (Array.isArray(value)) text = value.join(",");
    else if (typeof value === "boolean") text = value ? "1" : "0";
    else text = String(value);
    parts.push(`${key}=${encodeURIComponent(text).replaceAll("%2C", ",")}`);
  }
  return parts.join("&");
}

/**
 * Read a hash. Unknown keys and malformed or impossible values are ignored: a link may be old.
 * @param {string} hash with or without "#"
 * @param {object} start
 * @param {{layers: number, positions: number}} sizes
 * @returns {object} all saved keys
 */
export function fromHash(hash, start, sizes) {
  const values = { ...start };
  const isLayer = (n) => Number.isInteger(n) && n >= 0 && n < sizes.layers;
  const isPosition = (n) => Number.isInteger(n) && n >= 0 && n < sizes.positions;
  const readCell = (text) => {
    const [layer, position] = text.split(".").map(Number);
    return text && isLayer(layer) && isPosition(position) ? { layer, position } : null;
  };
  const oneOf = (...names) => (text, key) => (names.includes(text) ? text : values[key]);
  const numbers = (text) => text.split(",").filter((word) => /^\d+$/.test(word)).map(Number);
  const flag = (text) => text === "1";
  const readers = {
    layer: (text, key) => (text !== "" && isLayer(Number(text)) ? Number(text) : values[key]),
    cell: readCell,
    pins: (text) => text.split(",").map(readCell).filter(Boolean),
    colour: oneOf("prob", "entropy", "kl", "rank", "agree", "none"),
    tokens: numbers,
    query: (text) => text,
    rows: oneOf("all", "text", "image", "answer", "pinned", "matches"),
    folded: numbers,
    zoomedOut: flag,
    region: (text) => fromRanges(text, sizes.positions),
    view: (text) => Number.parseInt(text, 10) || 0,
    scale: oneOf("prob", "log", "rank"),
    theme: oneOf("auto", "light", "dark"),
  };
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [key, coded = ""] = part.split("=");
    if (!Object.hasOwn(readers, key)) continue;
    try {
      values[key] = readers[key](decodeURIComponent(coded), key);
    } catch { /* a broken %-sequence: as if it were not there */ }
  }
  return values;
}

/** 5,6,7,9 → "5-7,9" */
function toRanges(numbers) {
  const parts = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(",");
}

function fromRanges(text, count) {
  const numbers = new Set();
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const last = Math.min(Number(match[2] ?? match[1]), count - 1);
    for (let n = Number(match[1]); n <= last; n += 1) numbers.add(n);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** Whether the page lies in a frame that was given its text (a notebook's): no link leads there. */
export const hasNoAddress = (page) => page.location.protocol === "about:";

/**
 * @param {object} start values that differ from DEFAULTS for this report
 * @param {{layers: number, positions: number}} sizes
 * @param {Window} page gives requestAnimationFrame, setTimeout, location, history
 */
export function createState(start, sizes, page) {
  const first = { ...DEFAULTS, ...start };
  let values = fromHash(page.location.hash, first, sizes);
  const subscribers = [];
  let frame = 0;
  let timer = 0;
  let isStep = false;

  /** One draw per subscriber and frame, with the set of its keys that changed. */
  function flush() {
    frame = 0;
    for (const subscriber of subscribers) {
      if (subscriber.changed.size === 0) continue;
      const changed = subscriber.changed;
      subscriber.changed = new Set();
      subscriber.draw(changed);
    }
  }

  function announce(keys) {
    for (const subscriber of subscribers) {
      for (const key of keys) if (subscriber.keys.has(key)) subscriber.changed.add(key);
    }
    frame ||= page.requestAnimationFrame(flush);
  }

  function assign(change) {
    const keys = Object.keys(change).filter((key) => {
      if (!Object.hasOwn(DEFAULTS, key)) throw new Error(`no such state: ${key}`);
      return !same(values[key], change[key]);
    });
    if (keys.length) {
      values = { ...values, ...change };
      announce(keys);
    }
    return keys;
  }

  function writeHash() {
    timer = 0;
    // an empty hash would scroll to the top of the page
    const hash = `#${toHash(values, first) || "-"}`;
    if (hash === page.location.hash || (hash === "#-" && !page.location.hash)) return;
    const wasStep = isStep;
    isStep = false;
    if (hasNoAddress(page)) return;
    page.history[wasStep ? "pushState" : "replaceState"](null, "", hash);
  }

  function readHash() {
    const { dark, paper, playing } = values;
    const next = fromHash(page.location.hash, first, sizes);
    // what was hovered belongs to the selection that is left
    const hover = same(next.cell, values.cell) ? values.hover : null;
    assign({ ...next, hover, dark, paper, playing });
  }
  page.addEventListener("popstate", readHash);
  page.addEventListener("hashchange", readHash);

  return {
    /** @param {string} key */
    get: (key) => values[key],
    /** All values; do not change them. */
    all: () => values,
    /**
     * Change some keys. Draws follow in the next frame, the hash a quarter of a second later
     * (browsers limit how often an address may change).
     * @param {object} change
     */
    set(change) {
      const saved = assign(change).filter((key) => !UNSAVED.has(key));
      if (saved.length === 0) return;
      isStep ||= saved.some((key) => STEPS.has(key));
      if (!timer) timer = page.setTimeout(writeHash, 250);
    },
    /**
     * Call `draw(changedKeys)` in the next frame, and once per frame in which a key changed.
     * @param {string[]} keys
     * @param {(changed: Set<string>) => void} draw
     */
    on(keys, draw) {
      subscribers.push({ keys: new Set(keys), draw, changed: new Set(keys) });
      frame ||= page.requestAnimationFrame(flush);
    },
    /** Draw at once what would be drawn in the next frame: paper does not wait for it. */
    drawNow: flush,
    /** The address of this view, for "link". */
    link() {
      writeHash();
      return page.location.href;
    },
  };
}
