/**
 * Every token of the report: in how many cells it is among the top k, how probable it becomes and
 * where; spellings of one word (▁dog, dog, Dog, Ġdog) grouped. Pure: knows no page, no state.
 */
import { DECIMAL } from "../core/decimal.js";
import { bareQuery } from "../core/format.js";
/** @import { LensPage } from "../core/record.js" */

/**
 * What spellings of one word share: no mark of a leading space, no capitals. A token that is
 * nothing but such a mark is its own word.
 * @param {string} text
 */
export function wordKey(text) {
  return text.replace(/^[▁Ġ\s]+/u, "").trim().toLowerCase() || text;
}

/**
 * @typedef {object} TokenGroup spellings of one word
 * @property {string} key
 * @property {number[]} indices rows of the token table, the most frequent first
 * @property {number} count cells with at least one of them among the top k
 * @property {number} best highest probability, summed over the spellings
 * @property {number} layer index of the layer of that
 * @property {number} position of that; −1 when no cell knows the word
 * @property {{layer: number, count: number, sum: number}} peak the layer at which the patches (or, without
 *   any, the positions) read most as it: so many have it in their top k, with probabilities that sum to this
 * @property {number} tracked how many of the spellings are recorded in every cell
 */

/** @typedef {{counts: Int32Array, groups: TokenGroup[]}} TokenIndex counts: cells by token */

/**
 * Read all cells, once, in slices: `next()` works for a few ms and yields how much is done.
 * @param {LensPage} record
 * @param {number} [slice] cells per step
 * @returns {Generator<number, TokenIndex>}
 */
export function* tokenIndexSteps(record, slice = Math.ceil(400000 / (record.K + record.tracked.length))) {
  const { blocks, K, T, L } = record;
  const { top, prob } = blocks;
  const counts = new Int32Array(record.tokenCount);
  const { groupOf, groups } = groupTokens(record);
  const size = groups.length;
  const [cells, seenTop, seen, at] = [new Int32Array(size), new Int32Array(size).fill(-1), new Int32Array(size).fill(-1), new Int32Array(size).fill(-1)];
  const [sum, best] = [new Float64Array(size), new Float64Array(size).fill(-1)];
  const peaks = new PeakFinder(record, groups);
  const tracked = record.tracked;
  const isTracked = new Uint8Array(record.tokenCount);
  for (const i of tracked) isTracked[i] = 1;

  /** @param {number} group @param {number} p @param {number} cell */
  const add = (group, p, cell) => {
    sum[group] = seen[group] === cell ? sum[group] + p : p;
    seen[group] = cell;
    if (sum[group] > best[group]) { best[group] = sum[group]; at[group] = cell; }
  };
  for (let cell = 0; cell < L * T; cell += 1) {
    for (let s = 0; s < tracked.length; s += 1) add(groupOf[tracked[s]], DECIMAL[blocks.tracked_prob[cell * tracked.length + s]], cell);
    for (let r = cell * K; r < (cell + 1) * K; r += 1) {
      const i = top[r];
      const group = groupOf[i];
      counts[i] += 1;
      const isFirst = seenTop[group] !== cell;
      if (isFirst) { seenTop[group] = cell; cells[group] += 1; }
      peaks.add(cell, group, DECIMAL[prob[r]], isFirst);
      if (isTracked[i] === 0) add(group, DECIMAL[prob[r]], cell);
    }
    if (cell % slice === slice - 1) yield (cell + 1) / (L * T);
  }
  peaks.closeLayer();
  groups.forEach((group, g) => {
    group.count = cells[g];
    group.best = Math.min(1, Math.max(0, best[g]));
    group.layer = Math.max(0, Math.floor(at[g] / T));
    group.position = at[g] < 0 ? -1 : at[g] % T;
    group.indices.sort((a, b) => counts[b] - counts[a]);
  });
  return { counts, groups };
}

/** Adds up, layer by layer, what the patches read: cells come in the order of the layers. */
class PeakFinder {
  #layer = 0;
  #sums;
  #counts;
  /** Groups of the present layer. @type {number[]} */
  #seen = [];
  #record;
  #groups;
  #only;

  /** @param {LensPage} record @param {TokenGroup[]} groups */
  constructor(record, groups) {
    this.#record = record;
    this.#groups = groups;
    this.#sums = new Float64Array(groups.length);
    this.#counts = new Int32Array(groups.length);
    this.#only = record.imagePositions.length > 0;
  }

  /** @param {number} cell l · T + t @param {number} group @param {number} p @param {boolean} isFirst of its word in this cell */
  add(cell, group, p, isFirst) {
    const layer = Math.floor(cell / this.#record.T);
    if (layer !== this.#layer) this.closeLayer(layer);
    if (this.#only && this.#record.kinds[cell - layer * this.#record.T] !== 1) return;
    if (this.#counts[group] === 0) this.#seen.push(group);
    if (isFirst) this.#counts[group] += 1;
    this.#sums[group] += p;
  }

  /** All cells of the layer were seen. @param {number} [next] */
  closeLayer(next = 0) {
    for (const g of this.#seen) {
      const { peak } = this.#groups[g];
      if (this.#sums[g] > peak.sum) this.#groups[g].peak = { layer: this.#layer, count: this.#counts[g], sum: this.#sums[g] };
      this.#sums[g] = this.#counts[g] = 0;
    }
    this.#seen = [];
    this.#layer = next;
  }
}

/** All at once, for small records and tests. @param {LensPage} record @returns {TokenIndex} */
export function tokenIndex(record) {
  const steps = tokenIndexSteps(record);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** @param {LensPage} record */
function groupTokens(record) {
  /** @type {Map<string, number>} */
  const byKey = new Map();
  /** @type {TokenGroup[]} */
  const groups = [];
  const groupOf = new Int32Array(record.tokenCount);
  record.texts.forEach((text, i) => {
    const key = wordKey(text);
    let g = byKey.get(key);
    if (g === undefined) {
      g = groups.length;
      byKey.set(key, g);
      groups.push({ key, indices: [], count: 0, best: 0, layer: 0, position: -1, tracked: 0, peak: { layer: 0, count: 0, sum: 0 } });
    }
    groups[g].indices.push(i);
    if (record.slot(i) >= 0) groups[g].tracked += 1;
    groupOf[i] = g;
  });
  return { groupOf, groups };
}

/**
 * Groups that match what was typed, the best first: the word itself, words that begin with it,
 * words that contain it; among equals what patches read most as. Digits also find a token by its id.
 * @param {LensPage} record
 * @param {TokenGroup[]} groups
 * @param {string} query
 * @returns {TokenGroup[]}
 */
export function searchTokens(record, groups, query) {
  const typed = bareQuery(query);
  const byId = /^#?\d+$/.test(typed) ? record.indexOf(Number(typed.replace("#", ""))) : -1;
  const seen = groups.filter((group) => group.position >= 0);
  if (!typed) return byPlace(seen, (group) => (group.tracked ? 0 : 1));
  const word = wordKey(typed);
  return byPlace(seen, (group) => {
    if (group.indices.includes(byId)) return 0;
    if (group.key === word) return 1;
    if (group.key.startsWith(word)) return 2;
    if (group.key.includes(word)) return 3;
    return group.indices.some((i) => record.text(i).toLowerCase().includes(typed)) ? 4 : -1;
  });
}

/** @param {TokenGroup[]} groups @param {(group: TokenGroup) => number} placeOf −1: not at all */
function byPlace(groups, placeOf) {
  const placed = groups.map((group) => ({ group, place: placeOf(group) })).filter((one) => one.place >= 0);
  placed.sort((a, b) => a.place - b.place || b.group.peak.sum - a.group.peak.sum || b.group.best - a.group.best || b.group.count - a.group.count);
  return placed.map((one) => one.group);
}
