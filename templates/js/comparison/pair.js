/**
 * Two records and the pairs of their cells: PairPage. Pure except for `readPair`.
 * A *row* is a position of A, of B or of both; a *pair* (m) is a row that both have. `l` is an index
 * into the pairs of layers. Differences are B − A.
 */
import { DECIMAL } from "../core/decimal.js";
import { part } from "../core/dom.js";
import { readBlocks } from "../core/payload.js";
import { LensPage } from "../core/record.js";
/** @import { Blocks, Info } from "../core/record.js" */

/** @typedef {"a"|"b"} Side */
/** @typedef {{a: Info, b: Info, layers: [number, number][], notes: string[], exact: boolean, tracked: number[], pairs: number}} PairInfo tracked: token ids */
/**
 * The arrays of pairs, as they are named in comparison.py.
 * @typedef {object} PairBlocks
 * @property {Int32Array} rows (row, side), −1 where a side has none
 * @property {Uint8Array} flip (layer, pair)
 * @property {Uint16Array} shared (layer, pair), decimal codes
 * @property {Uint16Array} variation (layer, pair), decimal codes
 * @property {Int32Array} parting (pair), −1 where they never part
 * @property {Uint16Array} [divergence] (layer, pair), decimal codes
 * @property {Float32Array} [entropy_change] (layer, pair)
 * @property {Float32Array} [prob_change] (layer, pair, tracked token)
 * @property {Int32Array} [rank_change] (layer, pair, tracked token)
 */

export class PairPage {
  /** @param {PairInfo} info @param {Object<string, unknown>} blocks */
  constructor(info, blocks) {
    this.a = new LensPage(info.a, sideBlocks(blocks, "a"));
    this.b = new LensPage(info.b, sideBlocks(blocks, "b"));
    this.layers = info.layers;
    this.notes = info.notes;
    /** Is the total variation known, or only what it is at least? */
    this.exact = info.exact;
    this.tracked = info.tracked;
    this.L = info.layers.length;
    this.M = info.pairs;
    this.blocks = /** @type {PairBlocks} */ (/** @type {unknown} */ (blocks));
    this.R = this.blocks.rows.length / 2;
    /** Row → pair, −1 for a row that is alone. */
    this.pairs = new Int32Array(this.R).fill(-1);
    /** Pair → row. */
    this.rowOfPair = new Int32Array(this.M);
    /** Position of a side → row. @type {Record<Side, Map<number, number>>} */
    this.rowOf = { a: new Map(), b: new Map() };
    for (let row = 0, m = 0; row < this.R; row += 1) {
      const [a, b] = [this.position(row, "a"), this.position(row, "b")];
      if (a >= 0) this.rowOf.a.set(a, row);
      if (b >= 0) this.rowOf.b.set(b, row);
      if (a < 0 || b < 0) continue;
      this.rowOfPair[m] = row;
      this.pairs[row] = m++;
    }
    this.byDepth = info.layers.some(([a, b]) => this.a.layers[a] !== this.b.layers[b]);
  }

  /** Position of a row in a side's sequence, −1 where it has none. @param {number} row @param {Side} side */
  position(row, side) { return this.blocks.rows[2 * row + (side === "a" ? 0 : 1)]; }
  /** A side's index of a pair of layers. @param {number} l @param {Side} side */
  layer(l, side) { return this.layers[l][side === "a" ? 0 : 1]; }
  /** The side that has a row; A where both do. @param {number} row @returns {Side} */
  sideOf(row) { return this.position(row, "a") >= 0 ? "a" : "b"; }
  /** Is a row text (0), image (1) or answer (2)? @param {number} row */
  kind(row) { return this[this.sideOf(row)].kind(this.position(row, this.sideOf(row))); }
  /** Its name: a patch's number in A, or its token. @param {number} row */
  label(row) { return this[this.sideOf(row)].label(this.position(row, this.sideOf(row))); }

  /** Number of a pair of layers; two where they are paired by depth. @param {number} l */
  layerText(l) {
    const [a, b] = [this.a.layers[this.layer(l, "a")], this.b.layers[this.layer(l, "b")]];
    return this.byDepth ? `${a}|${b}` : String(a);
  }

  /** @param {number} l */
  layerName(l) {
    if (this.byDepth) return `layer ${this.a.layers[this.layer(l, "a")]} of A, ${this.b.layers[this.layer(l, "b")]} of B`;
    return this.a.layerName(this.layer(l, "a"));
  }

  /** Row of the token table of a side's top token. @param {Side} side @param {number} l @param {number} row @returns {number} −1 where the side has no such row */
  top(side, l, row) {
    const t = this.position(row, side);
    return t < 0 ? -1 : this[side].topIndex(this.layer(l, side), t, 0);
  }

  /** Do the top tokens differ? @param {number} l @param {number} m */
  flips(l, m) { return this.blocks.flip[l * this.M + m] === 1; }
  /** Share of the top k that both hold. @param {number} l @param {number} m */
  shared(l, m) { return DECIMAL[this.blocks.shared[l * this.M + m]]; }
  /** Total variation, or what it is at least. @param {number} l @param {number} m */
  variation(l, m) { return DECIMAL[this.blocks.variation[l * this.M + m]]; }
  /** KL(A ‖ B) in nats; NaN where only a bound is known. @param {number} l @param {number} m */
  divergence(l, m) { return this.blocks.divergence ? DECIMAL[this.blocks.divergence[l * this.M + m]] : NaN; }
  /** Change of entropy in nats; NaN where not recorded. @param {number} l @param {number} m */
  entropyChange(l, m) { return this.blocks.entropy_change?.[l * this.M + m] ?? NaN; }
  /** First pair of layers at which a pair has parted, −1 for never. @param {number} m */
  parting(m) { return this.blocks.parting[m]; }
  /** @param {number} l @param {number} m @param {number} slot of the tracked tokens */
  probChange(l, m, slot) { return this.blocks.prob_change?.[(l * this.M + m) * this.tracked.length + slot] ?? NaN; }
  /** @param {number} l @param {number} m @param {number} slot */
  rankChange(l, m, slot) { return this.blocks.rank_change?.[(l * this.M + m) * this.tracked.length + slot] ?? NaN; }
}

/** One record's blocks, by the names that it knows them by. @param {Object<string, unknown>} blocks @param {Side} side @returns {Blocks} */
function sideBlocks(blocks, side) {
  const own = Object.entries(blocks).filter(([name]) => name.startsWith(`${side}_`)).map(([name, block]) => [name.slice(2), block]);
  return Object.fromEntries(own);
}

/** Read the data out of a page. @param {Document} page @returns {Promise<PairPage>} */
export async function readPair(page) {
  const info = JSON.parse(part(page, "#info", HTMLScriptElement).text);
  return new PairPage(info, await readBlocks(page));
}
