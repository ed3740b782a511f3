/**
 * The page's data → a LensPage that answers questions. Pure except for `readPage`.
 * Axis order (layer, position, rank), as everywhere. `l` is an index into `layers`, not a layer
 * number; `t` a position; `r` a rank; `i` an index into the table of distinct tokens.
 */

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int16: Int16Array, int32: Int32Array, float32: Float32Array };

/** Code → number, see report.py: 3 significant digits in 16 bits. 65535 is NaN, 0 is zero. */
export const DECIMAL = new Float64Array(65536);
for (let from = 1, exponent = -64; from < 65535; from += 900, exponent += 1) {
  const power = 10 ** Math.abs(exponent);
  // dividing by a power of ten up to 1e22 gives the very number that the decimal text means
  for (let digits = 100; digits < 1000; digits += 1) DECIMAL[from + digits - 100] = exponent < 0 ? digits / power : digits * power;
}
DECIMAL[65535] = NaN;

/**
 * Undo the sorting of bytes by significance.
 * @param {Uint8Array} planes
 * @param {string} type
 */
export function joinPlanes(planes, type) {
  const width = ARRAYS[type].BYTES_PER_ELEMENT;
  if (width === 1) return planes;
  const count = planes.length / width;
  const joined = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
  for (let plane = 0; plane < width; plane += 1) {
    for (let i = 0, from = plane * count, shift = 8 * plane; i < count; i += 1) joined[i] |= planes[from + i] << shift;
  }
  return new ARRAYS[type](joined.buffer);
}

function bytesOf(binary) {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * @param {string} base64
 * @returns {Promise<Uint8Array>}
 */
export async function inflate(base64) {
  const packed = Uint8Array.fromBase64?.(base64) ?? bytesOf(atob(base64));
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter(); // a Blob would make the round of the browser's processes
  // what it reads tells of an error too
  writer.write(packed).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
}

/**
 * Read the data out of a report.
 * @param {Document} page
 * @returns {Promise<LensPage>}
 */
export async function readPage(page) {
  const info = JSON.parse(page.getElementById("info").textContent);
  const blocks = {};
  const scripts = [...page.querySelectorAll("script[data-name]")];
  await Promise.all(scripts.map(async (script) => {
    const { name, type } = script.dataset;
    const bytes = await inflate(script.textContent);
    blocks[name] = type === "json" ? JSON.parse(new TextDecoder().decode(bytes)) : joinPlanes(bytes, type);
    script.remove(); // the text of a big block need not stay in memory
  }));
  return new LensPage(info, blocks);
}

/** What the lens read, as the page sees it. */
export class LensPage {
  /**
   * @param {object} info the JSON part
   * @param {Object<string, any>} blocks the arrays
   */
  constructor(info, blocks) {
    this.meta = info.meta;
    /** @type {number[]} layer numbers; 0 is the embeddings */
    this.layers = info.layers;
    this.L = info.layers.length;
    this.T = info.positions;
    this.K = info.ranks;
    this.blocks = blocks;
    /** @type {string[]} display text of every distinct token */
    this.texts = blocks.token_text;
    this.tokenCount = info.tokens;
    /** @type {number[]} token indices recorded in every cell */
    this.tracked = info.tracked;
    this.slots = new Map(info.tracked.map((index, slot) => [index, slot]));
    this.hasEntropy = "entropy" in blocks;
    this.hasKl = "kl" in blocks;
    this.kinds = blocks.kind;
    const all = Array.from({ length: this.T }, (_, t) => t);
    this.imagePositions = all.filter((t) => this.kinds[t] === 1);
    this.answerPositions = all.filter((t) => this.kinds[t] === 2);
    /** @type {number[]} positions that have a place on the image */
    this.placed = all.filter((t) => this.box(t) !== null);
    this.views = [...new Set(this.placed.map((t) => blocks.patch_view[t]))].sort((a, b) => a - b);
    this.patchNumber = new Map(this.imagePositions.map((t, n) => [t, n]));
    this.indexById = new Map(Array.from(blocks.token_id, (id, i) => [id, i]));
  }

  /** Is position t text (0), image (1) or answer (2)? */
  kind(t) { return this.kinds[t]; }
  /** Token id of a table row. */
  id(i) { return this.blocks.token_id[i]; }
  /** Display text of a table row. */
  text(i) { return this.texts[i]; }
  /** Table row of a token id, −1 when the report does not hold it. */
  indexOf(id) { return this.indexById.get(id) ?? -1; }
  /** Table row of the token that stands at position t in the sequence. */
  input(t) { return this.blocks.input[t]; }
  /** Table row of the rank-r token at (l, t). */
  topIndex(l, t, r) { return this.blocks.top[(l * this.T + t) * this.K + r]; }
  /** Its probability, rounded to 3 significant digits. */
  topProb(l, t, r) { return DECIMAL[this.blocks.prob[(l * this.T + t) * this.K + r]]; }
  /** Entropy in nats, NaN when not recorded. */
  entropy(l, t) { return this.hasEntropy ? DECIMAL[this.blocks.entropy[l * this.T + t]] : NaN; }
  /** KL(p_N ‖ p_l) in nats, NaN when not recorded. */
  kl(l, t) { return this.hasKl ? DECIMAL[this.blocks.kl[l * this.T + t]] : NaN; }
  /** Place among the tracked tokens, −1 when token i is not tracked. */
  slot(i) { return this.slots.get(i) ?? -1; }
  trackedProb(l, t, slot) { return DECIMAL[this.blocks.tracked_prob[(l * this.T + t) * this.tracked.length + slot]]; }
  trackedRank(l, t, slot) { return this.blocks.tracked_rank[(l * this.T + t) * this.tracked.length + slot]; }

  /** Rank of token i at (l, t) when it is among the top k, else −1. */
  rankInTop(l, t, i) {
    const from = (l * this.T + t) * this.K;
    for (let r = 0; r < this.K; r += 1) if (this.blocks.top[from + r] === i) return r;
    return -1;
  }

  /**
   * Probability of token i at (l, t). Not exact: only known to be at most `value` (= p_k).
   * @returns {{value: number, exact: boolean}}
   */
  prob(l, t, i) {
    const slot = this.slot(i);
    if (slot >= 0) return { value: this.trackedProb(l, t, slot), exact: true };
    const r = this.rankInTop(l, t, i);
    return r >= 0 ? { value: this.topProb(l, t, r), exact: true } : { value: this.topProb(l, t, this.K - 1), exact: false };
  }

  /**
   * Rank of token i at (l, t), 0 = top. Not exact: only known to be at least `value` (= k).
   * @returns {{value: number, exact: boolean}}
   */
  rank(l, t, i) {
    const slot = this.slot(i);
    if (slot >= 0) return { value: this.trackedRank(l, t, slot), exact: true };
    const r = this.rankInTop(l, t, i);
    return r >= 0 ? { value: r, exact: true } : { value: this.K, exact: false };
  }

  /** First layer index from which the top-1 token of position t stays the final one. */
  decision(t) {
    const final = this.topIndex(this.L - 1, t, 0);
    let l = this.L - 1;
    while (l > 0 && this.topIndex(l - 1, t, 0) === final) l -= 1;
    return l;
  }

  /** Layer index at which position t is most certain of its top-1 token. */
  surest(t) {
    let best = 0;
    for (let l = 1; l < this.L; l += 1) if (this.topProb(l, t, 0) > this.topProb(best, t, 0)) best = l;
    return best;
  }

  /**
   * Where position t lies on the original image, in its pixels.
   * @returns {[number, number, number, number]|null} left, top, right, bottom
   */
  box(t) {
    const [left, top, right, bottom] = this.blocks.box.subarray(4 * t, 4 * t + 4);
    return Number.isNaN(left) ? null : [left, top, right, bottom];
  }

  /** View (0 whole image, 1.. tiles) of position t, −1 for none. */
  view(t) { return this.blocks.patch_view[t]; }

  /** Name of a view for people. */
  viewName(view) { return view === 0 ? "whole image" : `tile ${view}`; }

  /**
   * Row and column of a patch in its view, counted from 0.
   * @returns {{row: number, column: number}|null}
   */
  place(t) {
    this.places ??= patchPlaces(this);
    return this.places.get(t) ?? null;
  }

  /** Short name of a position: "patch 141" (counted from 0 among the image positions) or its token. */
  label(t) {
    return this.kind(t) === 1 ? `patch ${this.patchNumber.get(t)}` : this.text(this.input(t));
  }

  /** Name of a layer for people: "embeddings" or "layer 26". */
  layerName(l) { return this.layers[l] === 0 ? "embeddings" : `layer ${this.layers[l]}`; }
}

/** Rows and columns are told apart by the centres of the boxes, to half a box. */
function patchPlaces(record) {
  const places = new Map();
  for (const view of record.views) {
    const patches = record.placed.filter((t) => record.view(t) === view);
    const number = (from, to, name) => {
      const spans = patches.map((t) => {
        const box = record.box(t);
        return { t, middle: (box[from] + box[to]) / 2, half: (box[to] - box[from]) / 2 };
      });
      let line = -1;
      let last = -Infinity;
      for (const { t, middle, half } of spans.sort((a, b) => a.middle - b.middle)) {
        if (middle - last > half) {
          line += 1;
          last = middle;
        }
        places.set(t, { ...places.get(t), [name]: line });
      }
    };
    number(0, 2, "column");
    number(1, 3, "row");
  }
  return places;
}
