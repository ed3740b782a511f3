/**
 * What a region reads as: mean probability of its tokens over its positions. Pure.
 * A token outside a cell's top k has an unknown probability there, at most that cell's p_k: the
 * mean is therefore known to lie between two bounds, which are equal for tracked tokens.
 */

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
  if (!regionScratch.has(record)) {
    const make = () => new Float64Array(record.tokenCount);
    regionScratch.set(record, { sum: make(), covered: make(), cells: make() });
  }
  const { sum, covered, cells } = regionScratch.get(record);
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
  const tokens = seen.map((token) => ({
    token, cells: cells[token],
    low: sum[token] / positions.length,
    high: (sum[token] + Math.max(0, bounds - covered[token])) / positions.length,
  }));
  for (const i of seen) sum[i] = covered[i] = cells[i] = 0;
  for (const one of tokens) if (one.cells === positions.length) one.high = one.low;
  exactWhereTracked(record, positions, layer, tokens);
  return tokens.sort((a, b) => b.low - a.low || a.token - b.token).slice(0, count);
}

function exactWhereTracked(record, positions, layer, tokens) {
  for (const one of tokens) {
    const slot = record.slot(one.token);
    if (slot < 0) continue;
    let sum = 0;
    for (const t of positions) sum += record.trackedProb(layer, t, slot);
    one.low = one.high = sum / positions.length;
  }
}
