/**
 * Which rows the grid of a comparison lists, and in which order. Pure.
 */
/** @import { RowFilter, RowOrder } from "../core/state_values.js" */
/** @import { PairMeasure } from "./measures.js" */
/** @import { PairPage } from "./pair.js" */

/** @type {Object<string, number>} */
const ROW_KINDS = { text: 0, image: 1, answer: 2 };

/**
 * As they stand in the sequence, or the furthest apart first: by the measure at one layer. Rows that
 * only one side has, or of which the measure is not known, come last.
 * @param {PairPage} pair
 * @param {{rows: RowFilter, order: RowOrder, layer: number}} state
 * @param {PairMeasure} measure
 * @returns {number[]}
 */
export function pairRows(pair, { rows, order, layer }, measure) {
  const all = Array.from({ length: pair.R }, (_, row) => row);
  const some = Object.hasOwn(ROW_KINDS, rows) ? all.filter((row) => pair.kind(row) === ROW_KINDS[rows]) : all;
  if (order !== "apart") return some;
  const apart = some.map((row) => {
    const distance = pair.pairs[row] < 0 ? NaN : Math.abs(measure.shade(layer, pair.pairs[row]));
    return { row, distance: distance >= 0 ? distance : -1 };
  });
  return apart.sort((one, other) => other.distance - one.distance).map(({ row }) => row);
}
