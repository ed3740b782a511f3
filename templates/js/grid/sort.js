/**
 * The order of the rows. Patches are sorted within their block, or alone where no others are listed;
 * text keeps its order where there are patches, as a sentence is read in its order. Pure.
 */
import { isBand } from "./rows.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { RowOrder } from "../core/state_values.js" */

/** @type {{order: RowOrder, name: string, title: string}[]} */
export const ROW_ORDERS = [
  { order: "position", name: "in order", title: "As they stand in the sequence" },
  { order: "surest", name: "surest first", title: "By the probability of the top token at the layer of the picture" },
  { order: "entropy", name: "least entropy", title: "By entropy at the layer of the picture" },
  { order: "decided", name: "decided first", title: "By the layer from which the top token stays what it is in the end" },
  { order: "word", name: "by word", title: "Rows of the same top token at the layer of the picture together, the most frequent first" },
];

/** Does an order depend on the layer of the picture? @param {RowOrder} order */
export const followsLayer = (order) => order === "surest" || order === "entropy" || order === "word";

/**
 * @param {LensPage} record
 * @param {Int32Array} rows as `gridRows` lists them
 * @param {RowOrder} order
 * @param {number} layer
 * @returns {Int32Array}
 */
export function inOrder(record, rows, order, layer) {
  if (order === "position" || order === "apart") return rows;
  const sorted = Int32Array.from(rows);
  const compare = comparison(record, rows, order, layer);
  const kind = rows.some((row) => !isBand(row) && record.kind(row) === 1) ? 1 : -1;
  for (let from = 0; from < rows.length; from += 1) {
    if (isBand(rows[from]) || (kind === 1 && record.kind(rows[from]) !== 1)) continue;
    let to = from;
    while (to < rows.length && !isBand(rows[to]) && (kind !== 1 || record.kind(rows[to]) === 1)) to += 1;
    sorted.subarray(from, to).sort((a, b) => compare(a, b) || a - b);
    from = to;
  }
  return sorted;
}

/** @param {LensPage} record @param {Int32Array} rows @param {RowOrder} order @param {number} layer @returns {(a: number, b: number) => number} */
function comparison(record, rows, order, layer) {
  const by = (/** @type {(t: number) => number} */ value) => {
    const values = new Map(Array.from(rows, (t) => [t, isBand(t) ? 0 : value(t)]));
    return (/** @type {number} */ a, /** @type {number} */ b) => (values.get(a) ?? 0) - (values.get(b) ?? 0);
  };
  const token = (/** @type {number} */ t) => record.topIndex(layer, t, 0);
  if (order === "surest") return by((t) => -record.topProb(layer, t, 0));
  if (order === "entropy") return by((t) => record.entropy(layer, t));
  if (order === "decided") return by((t) => record.decision(t));
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const t of rows) if (!isBand(t)) counts.set(token(t), (counts.get(token(t)) ?? 0) + 1);
  const frequent = by((t) => -(counts.get(token(t)) ?? 0));
  const same = by(token);
  const sure = by((t) => -record.topProb(layer, t, 0));
  return (a, b) => frequent(a, b) || same(a, b) || sure(a, b);
}
