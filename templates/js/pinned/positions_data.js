/**
 * One token over all positions, at one layer: its rank or probability everywhere at once. Pure.
 */
import { probOf, rankOf } from "../core/token_prob.js";
import { chartAxis } from "./axis.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Cell, Scale } from "../core/state_values.js" */
/** @import { ChartAxis } from "./axis.js" */
/** @import { ChartPoint } from "./chart_data.js" */

/** @typedef {{indices: number[], scale: Scale, axis: ChartAxis, points: ChartPoint[]}} PositionsModel points: one per position */

/**
 * @param {LensPage} record
 * @param {{tokens: number[], pins: Cell[], scale: Scale}} wish without chosen tokens it is the top one of the newest pin
 * @param {number} layer index
 * @returns {PositionsModel}
 */
export function positionsModel(record, { tokens, pins, scale }, layer) {
  const chosen = tokens.map((id) => record.indexOf(id)).filter((i) => i >= 0);
  const pin = pins.at(-1);
  const indices = chosen.length || !pin ? chosen : [record.topIndex(pin.layer, pin.position, 0)];
  const points = Array.from({ length: record.T }, (_, t) => {
    if (scale === "rank") {
      const { value, known } = rankOf(record, layer, t, indices);
      return { value, exact: known };
    }
    const { value, exact, known } = probOf(record, layer, t, indices);
    return { value, exact: known, partial: known && !exact };
  });
  return { indices, scale, points, axis: chartAxis(scale, [{ points }], record.K) };
}

/**
 * The best known value in every pixel column: there may be more positions than pixels.
 * @param {PositionsModel} model
 * @param {number} columns
 * @returns {{column: number, position: number, high: number}[]} high: 0..1 on the axis; columns without a known value are left out
 */
export function positionColumns({ points, axis }, columns) {
  /** @type {Map<number, {column: number, position: number, high: number}>} */
  const best = new Map();
  points.forEach(({ value, exact }, position) => {
    if (!exact) return;
    const column = Math.floor((position * columns) / points.length);
    const high = axis.place(value);
    if (high > (best.get(column)?.high ?? -1)) best.set(column, { column, position, high });
  });
  return [...best.values()];
}

/** Where the sort of position changes: text, image, answer. @param {LensPage} record @returns {{kind: number, from: number, to: number}[]} to: one past the last */
export function kindRuns(record) {
  /** @type {{kind: number, from: number, to: number}[]} */
  const runs = [];
  for (let t = 0; t < record.T; t += 1) {
    const last = runs.at(-1);
    if (last?.kind === record.kind(t)) last.to = t + 1;
    else runs.push({ kind: record.kind(t), from: t, to: t + 1 });
  }
  return runs;
}
