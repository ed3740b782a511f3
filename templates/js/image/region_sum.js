/**
 * What a region reads as: mean probability of its tokens over its positions. Pure.
 * A token outside a cell's top k has an unknown probability there, at most that cell's p_k: the
 * mean is therefore known to lie between two bounds, which are equal for tracked tokens.
 */
/** @import { LensPage } from "../core/record.js" */

/** @type {WeakMap<LensPage, {sum: Float64Array, covered: Float64Array, cells: Float64Array}>} by token */
const regionScratch = new WeakMap();

/**
 * @typedef {{token: number, low: number, high: number, cells: number}} RegionToken
 *   token: row of the table; low: mean with unknown counted as 0; high: with unknown counted as
 *   p_k; cells: positions where it is among the top k
 * @param {LensPage} record
 * @param {number[]} positions
 * @param {number} layer
 * @param {number} count the best so many
 * @returns {RegionToken[]} largest lower bound first
 */
export function regionTop(record, positions, layer, count) {
  if (positions.length === 0) return [];
  const make = () => new Float64Array(record.tokenCount);
  const scratch = regionScratch.get(record) ?? { sum: make(), covered: make(), cells: make() };
  regionScratch.set(record, scratch);
  const { sum, covered, cells } = scratch;
  /** @type {number[]} */
  const seen = [];
  let bounds = 0;
  for (const t of positions) {
    const bound = record.topProb(layer, t, record.K - 1);
    bounds += bound;
    for (let r = 0; r < record.K; r += 1) {
      const i = record.topIndex(layer, t, r);
      if (cells[i] === 0) seen.push(i);
      sum[i] += record.topProb(layer, t, r);
      covered[i] += bound;
      cells[i] += 1;
    }
  }
  for (const i of seen) {
    const slot = record.slot(i);
    if (slot < 0) continue; // a tracked token is known in every cell
    sum[i] = 0;
    for (const t of positions) sum[i] += record.trackedProb(layer, t, slot);
    covered[i] = bounds;
  }
  const tokens = largest(seen, sum, count).map((token) => ({
    token, cells: cells[token],
    low: sum[token] / positions.length,
    high: (sum[token] + unknownMass(token)) / positions.length,
  }));
  for (const i of seen) sum[i] = covered[i] = cells[i] = 0;
  return tokens;

  /** What the cells that do not list a token may hold of it at most. @param {number} token */
  function unknownMass(token) {
    const known = cells[token] === positions.length || record.slot(token) >= 0;
    return known ? 0 : Math.max(0, bounds - covered[token]);
  }
}

/** The tokens with the largest sums, without sorting tens of thousands. @param {number[]} tokens @param {Float64Array} sum @param {number} count */
function largest(tokens, sum, count) {
  /** @type {number[]} */
  const best = [];
  /** @param {number} a @param {number} b */
  const before = (a, b) => sum[a] > sum[b] || (sum[a] === sum[b] && a < b);
  for (const i of tokens) {
    if (best.length === count && !before(i, best[count - 1])) continue;
    let at = best.length;
    while (at > 0 && before(i, best[at - 1])) at -= 1;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
