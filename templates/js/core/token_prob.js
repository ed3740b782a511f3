/**
 * What is known of chosen tokens, cell by cell: their probability, summed, and their best rank. Pure.
 */
import { DECIMAL } from "./decimal.js";
/** @import { LensPage } from "./record.js" */

/**
 * Probability of a set of tokens at (l, t), summed.
 * @param {LensPage} record
 * @param {number} l
 * @param {number} t
 * @param {number[]} indices rows of the token table
 * @returns {{value: number, exact: boolean, known: boolean}} known: at least one token has a
 *   known probability; not exact: others are below p_k, so the sum is a lower bound. When nothing
 *   is known, value is p_k, an upper bound for each token.
 */
export function probOf(record, l, t, indices) {
  let sum = 0;
  let known = 0;
  let bound = 0;
  for (const i of indices) {
    const p = record.prob(l, t, i);
    if (p.exact) { sum += p.value; known += 1; } else bound = p.value;
  }
  if (known === 0) return { value: bound, exact: false, known: false };
  return { value: Math.min(sum, 1), exact: known === indices.length, known: true };
}

/**
 * Best rank of a set of tokens at (l, t).
 * @param {LensPage} record
 * @param {number} l
 * @param {number} t
 * @param {number[]} indices
 * @returns {{value: number, known: boolean}} not known: no better than `value` (= k)
 */
export function rankOf(record, l, t, indices) {
  let best = Infinity;
  let known = false;
  for (const i of indices) {
    const rank = record.rank(l, t, i);
    if (rank.value < best || (rank.value === best && rank.exact)) {
      best = rank.value;
      known = rank.exact;
    }
  }
  return { value: best, known };
}

/**
 * How a token's rank changed since the layer before: "↑3" three places up, "↓" down by an unknown
 * number, as one of the ranks was only known to be below the top k; "" when it did not change.
 * @param {LensPage} record
 * @param {number} l
 * @param {number} t
 * @param {number} i
 */
export function rankChange(record, l, t, i) {
  if (l === 0) return "";
  const [now, before] = [record.rank(l, t, i), record.rank(l - 1, t, i)];
  if (!now.exact && !before.exact) return "";
  const by = before.value - now.value;
  if (!now.exact || !before.exact) return now.exact ? "↑" : "↓";
  return by === 0 ? "" : `${by > 0 ? "↑" : "↓"}${Math.min(999, Math.abs(by))}`;
}

/**
 * Visit the cells in which one of the tokens is known: among the top k, or tracked.
 * One pass over the whole record, because drawing asks for thousands of cells at a time.
 * @param {LensPage} record
 * @param {number[]} indices
 * @param {(cell: number, p: number, rank: number) => void} visit cell = l · T + t
 */
export function knownCells(record, indices, visit) {
  const wanted = new Uint8Array(record.tokenCount);
  const slots = [];
  for (const i of indices) {
    if (record.slot(i) >= 0) slots.push(record.slot(i));
    else wanted[i] = 1;
  }
  const { top, prob } = record.blocks;
  const { K, T, L } = record;
  for (let cell = 0, from = 0; cell < L * T && slots.length < indices.length; cell += 1, from += K) {
    for (let r = 0; r < K; r += 1) if (wanted[top[from + r]]) visit(cell, DECIMAL[prob[from + r]], r);
  }
  for (const slot of slots) {
    for (let cell = 0; cell < L * T; cell += 1) {
      const l = Math.floor(cell / T);
      visit(cell, record.trackedProb(l, cell - l * T, slot), record.trackedRank(l, cell - l * T, slot));
    }
  }
}
