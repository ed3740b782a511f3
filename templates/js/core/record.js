/**
 * The record as every panel asks it: LensPage. Pure.
 * Axis order (layer, position, rank), as everywhere. `l` is an index into `layers`, not a layer
 * number; `t` a position; `r` a rank; `i` an index into the table of distinct tokens.
 */
import { DECIMAL } from "./decimal.js";
import { lensBlocks } from "./lenses.js";
import { patchPlaces } from "./patch_places.js";
/** @import { WordBlocks } from "./word_maps.js" */

/**
 * What the record says of its making. A record may come from anywhere: most of it may be missing,
 * and there may be more.
 * @typedef {object} Meta
 * @property {{name: string, width: number, height: number, source?: string}} image
 * @property {Box} [crop] the part of the original that the model saw
 * @property {{passed?: boolean, positions?: number, argmax_agree?: number, max_abs_logit_diff?: number, tolerance?: number}} [check]
 * @property {string} [model]
 * @property {string} [revision]
 * @property {string} [lens]
 * @property {string} [tail]
 * @property {string} [hook_site]
 * @property {string} [dtype]
 * @property {string} [device]
 * @property {string} [prompt]
 * @property {string} [answer]
 * @property {string} [note]
 * @property {{name: string, revision: string, kind: string, base: string}} [adapter]
 * @property {string} [created]
 * @property {string} [format]
 * @property {Experiment} [ablation]
 * @property {Experiment} [knockout]
 * @property {Experiment & {rest?: number, layers?: number, layers_by_patch?: number}} [attribution]
 * @property {string[]} [notes]
 * @property {{name?: string, kind?: string, file?: string, model?: string, note?: string}[]} [lenses] the further ones
 * @property {Object<string, unknown>} [seconds]
 * @property {Object<string, unknown>} [versions]
 */

/** @typedef {{what?: string, with?: string, window?: number, control?: string, kept?: string, checked?: string, against?: string, refused?: string}} Experiment what was done, in words and numbers */

/** @typedef {[number, number, number, number]} Box left, top, right, bottom */

/** @typedef {{meta: Meta, layers: number[], positions: number, ranks: number, tokens: number, tracked: number[], lenses?: string[]}} Info the JSON part; lenses: where there are several */

/**
 * The arrays, as they are named in report.py. Token numbers are rows of the token table.
 * @typedef {object} LensBlocks
 * @property {string[]} token_text
 * @property {Int32Array} token_id
 * @property {Uint16Array|Uint32Array} input (position)
 * @property {Uint8Array} kind (position)
 * @property {Float32Array} box (position, side)
 * @property {Int16Array} patch_view (position)
 * @property {Uint16Array|Uint32Array} top (layer, position, rank)
 * @property {Uint16Array} prob (layer, position, rank), decimal codes
 * @property {Uint16Array} [entropy] (layer, position), decimal codes
 * @property {Uint16Array} [kl] (layer, position), decimal codes
 * @property {Uint16Array} tracked_prob (layer, position, tracked token), decimal codes
 * @property {Int32Array} tracked_rank (layer, position, tracked token)
 */

/** @typedef {LensBlocks & WordBlocks} Blocks */

/** What the lens read, as the page sees it. */
export class LensPage {
  /**
   * @param {Info} info
   * @param {Blocks} blocks
   */
  constructor(info, blocks) {
    this.meta = info.meta;
    /** @type {number[]} layer numbers; 0 is the embeddings */
    this.layers = info.layers;
    this.L = info.layers.length;
    this.T = info.positions;
    this.K = info.ranks;
    /** @type {string[]} the logit lens first */
    this.lensNames = info.lenses ?? ["logit"];
    this.readings = lensBlocks(blocks, this.lensNames.length);
    /** Number of the lens that is shown: all that is asked of the record is what it read. */
    this.lens = 0;
    this.blocks = this.readings[0];
    /** By lens, made when first asked for. @type {LensPage[]} */
    this.fixed = [];
    /** @type {string[]} display text of every distinct token */
    this.texts = blocks.token_text;
    this.tokenCount = info.tokens;
    /** @type {number[]} token indices recorded in every cell */
    this.tracked = info.tracked;
    this.slots = new Map(info.tracked.map((index, slot) => [index, slot]));
    this.kinds = blocks.kind;
    const all = Array.from({ length: this.T }, (_, t) => t);
    this.imagePositions = all.filter((t) => this.kinds[t] === 1);
    this.answerPositions = all.filter((t) => this.kinds[t] === 2);
    /** @type {number[]} positions that have a place on the image */
    this.placed = all.filter((t) => this.box(t) !== null);
    this.views = [...new Set(this.placed.map((t) => blocks.patch_view[t]))].sort((a, b) => a - b);
    this.patchNumber = new Map(this.imagePositions.map((t, n) => [t, n]));
    /** @type {Map<number, number>} */
    this.indexById = new Map(Array.from(blocks.token_id, (id, i) => [id, i]));
    /** @type {Map<number, {row: number, column: number}>|null} made when first asked for */
    this.places = null;
  }

  get hasEntropy() { return this.blocks.entropy !== undefined; }
  get hasKl() { return this.blocks.kl !== undefined; }
  get hasLenses() { return this.lensNames.length > 1; }
  /** The record through each of its lenses. */
  get everyLens() { return this.lensNames.map((_, n) => this.through(n)); }
  /** "logit lens", "tuned lens" */
  get lensTitle() { return `${(this.lens ? this.lensNames[this.lens] : this.meta.lens) || "logit"} lens`; }
  /** Show another lens; those who draw hear of it from the state. @param {string} name */
  showLens(name) {
    this.lens = Math.max(0, this.lensNames.indexOf(name));
    this.blocks = this.readings[this.lens];
  }

  /** The record through one lens, whichever is shown. @param {number} [n] by default the one that is shown now @returns {LensPage} */
  through(n = this.lens) {
    if (!this.hasLenses) return this;
    this.fixed[n] ??= Object.assign(Object.create(LensPage.prototype), this, { lens: n, blocks: this.readings[n] });
    return this.fixed[n];
  }

  /** Is position t text (0), image (1) or answer (2)? @param {number} t */
  kind(t) { return this.kinds[t]; }
  /** Token id of a table row. @param {number} i */
  id(i) { return this.blocks.token_id[i]; }
  /** Display text of a table row. @param {number} i */
  text(i) { return this.texts[i]; }
  /** Table row of a token id, −1 when the report does not hold it. @param {number} id */
  indexOf(id) { return this.indexById.get(id) ?? -1; }
  /** Table row of the token that stands at position t in the sequence. @param {number} t */
  input(t) { return this.blocks.input[t]; }
  /** Table row of the rank-r token at (l, t). @param {number} l @param {number} t @param {number} r */
  topIndex(l, t, r) { return this.blocks.top[(l * this.T + t) * this.K + r]; }
  /** Its probability, rounded to 3 significant digits. @param {number} l @param {number} t @param {number} r */
  topProb(l, t, r) { return DECIMAL[this.blocks.prob[(l * this.T + t) * this.K + r]]; }
  /** Entropy in nats, NaN when not recorded. @param {number} l @param {number} t */
  entropy(l, t) { return this.blocks.entropy ? DECIMAL[this.blocks.entropy[l * this.T + t]] : NaN; }
  /** KL(p_N ‖ p_l) in nats, NaN when not recorded. @param {number} l @param {number} t */
  kl(l, t) { return this.blocks.kl ? DECIMAL[this.blocks.kl[l * this.T + t]] : NaN; }
  /** Place among the tracked tokens, −1 when token i is not tracked. @param {number} i */
  slot(i) { return this.slots.get(i) ?? -1; }
  /** @param {number} l @param {number} t @param {number} slot */
  trackedProb(l, t, slot) { return DECIMAL[this.blocks.tracked_prob[(l * this.T + t) * this.tracked.length + slot]]; }
  /** @param {number} l @param {number} t @param {number} slot */
  trackedRank(l, t, slot) { return this.blocks.tracked_rank[(l * this.T + t) * this.tracked.length + slot]; }

  /** Rank of token i at (l, t) when it is among the top k, else −1. @param {number} l @param {number} t @param {number} i */
  rankInTop(l, t, i) {
    const from = (l * this.T + t) * this.K;
    for (let r = 0; r < this.K; r += 1) if (this.blocks.top[from + r] === i) return r;
    return -1;
  }

  /**
   * Probability of token i at (l, t). Not exact: only known to be at most `value` (= p_k).
   * @param {number} l
   * @param {number} t
   * @param {number} i
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
   * @param {number} l
   * @param {number} t
   * @param {number} i
   * @returns {{value: number, exact: boolean}}
   */
  rank(l, t, i) {
    const slot = this.slot(i);
    if (slot >= 0) return { value: this.trackedRank(l, t, slot), exact: true };
    const r = this.rankInTop(l, t, i);
    return r >= 0 ? { value: r, exact: true } : { value: this.K, exact: false };
  }

  /** First layer index from which the top-1 token of position t stays the final one. @param {number} t */
  decision(t) {
    const final = this.topIndex(this.L - 1, t, 0);
    let l = this.L - 1;
    while (l > 0 && this.topIndex(l - 1, t, 0) === final) l -= 1;
    return l;
  }

  /** Layer index at which position t is most certain of its top-1 token. @param {number} t */
  surest(t) {
    let best = 0;
    for (let l = 1; l < this.L; l += 1) if (this.topProb(l, t, 0) > this.topProb(best, t, 0)) best = l;
    return best;
  }

  /**
   * Where position t lies on the original image, in its pixels.
   * @param {number} t
   * @returns {Box|null}
   */
  box(t) {
    const [left, top, right, bottom] = this.blocks.box.subarray(4 * t, 4 * t + 4);
    return Number.isNaN(left) ? null : [left, top, right, bottom];
  }

  /** View (0 whole image, 1.. tiles) of position t, −1 for none. @param {number} t */
  view(t) { return this.blocks.patch_view[t]; }

  /** Name of a view for people. @param {number} view */
  viewName(view) { return view === 0 ? "whole image" : `tile ${view}`; }

  /**
   * Row and column of a patch in its view, counted from 0.
   * @param {number} t
   * @returns {{row: number, column: number}|null}
   */
  place(t) {
    this.places ??= patchPlaces(this);
    return this.places.get(t) ?? null;
  }

  /** Short name of a position: "patch 141" (counted from 0 among the image positions) or its token. @param {number} t */
  label(t) {
    return this.kind(t) === 1 ? `patch ${this.patchNumber.get(t)}` : this.text(this.input(t));
  }

  /** Name of a layer for people: "layer 26"; alone it says what layer 0 is. @param {number} l */
  layerName(l) { return this.layers[l] === 0 ? "layer 0 (embeddings)" : `layer ${this.layers[l]}`; }
}
