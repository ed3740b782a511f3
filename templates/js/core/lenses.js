/**
 * The arrays of the record as each of its lenses reads it. A further lens travels with only those
 * layers at which it differs from the logit lens. Pure.
 *
 *   lensBlocks({ top, prob, kind, "layers@1": [0, 2], "top@1": …, "prob@1": … }, 2)[1].top
 *   // the logit lens's, but for layers 0 and 2
 */
/** @import { Blocks } from "./record.js" */

/** What a lens reads, by the names of the blocks. */
const READ = /** @type {const} */ (["top", "prob", "entropy", "kl", "tracked_prob", "tracked_rank"]);

/**
 * @param {Blocks} blocks as they came, those of the n-th further lens marked `@n`
 * @param {number} count of lenses
 * @returns {Blocks[]} one for each: what it read under the plain names, all else shared
 */
export function lensBlocks(blocks, count) {
  if (count === 1) return [blocks];
  const more = /** @type {Object<string, Int32Array>} */ (/** @type {unknown} */ (blocks));
  const shared = /** @type {Blocks} */ (/** @type {unknown} */ (Object.fromEntries(Object.entries(blocks).filter(([name]) => !name.includes("@")))));
  return Array.from({ length: count }, (_, n) => {
    const layers = more[`layers@${n}`] ?? [];
    const own = READ.filter((name) => more[`${name}@${n}`]?.length).map((name) => [name, withRows(more[name], layers, more[`${name}@${n}`])]);
    return { ...shared, ...Object.fromEntries(own) };
  });
}

/**
 * @template {Int32Array} T
 * @param {T} values (layer, …)
 * @param {ArrayLike<number>} layers to be replaced
 * @param {T} rows by these
 */
function withRows(values, layers, rows) {
  const all = values.slice();
  const size = rows.length / layers.length;
  for (let n = 0; n < layers.length; n += 1) all.set(rows.subarray(n * size, (n + 1) * size), layers[n] * size);
  return all;
}
