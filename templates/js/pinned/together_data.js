/**
 * Several pinned positions in one chart: a line for each of a few tokens at each position. The colour
 * says the token, the number at the line says the position. Pure.
 */
import { pinnedPositions } from "../core/pins.js";
import { chartAxis } from "./axis.js";
import { chartSeries, highest } from "./chart_data.js";
/** @import { PinnedPosition } from "../core/pins.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { Cell, Scale } from "../core/state_values.js" */
/** @import { ChartAxis } from "./axis.js" */
/** @import { ChartLine, ChartModel } from "./chart_data.js" */

/** @typedef {{index: number, name?: string, colour: number, lines: ChartLine[]}} TogetherRow lines: one per pin, in their order */

/**
 * @typedef {object} TogetherModel
 * @property {LensPage} record
 * @property {Scale} scale
 * @property {ChartAxis} axis
 * @property {PinnedPosition[]} pins
 * @property {TogetherRow[]} rows chosen tokens first, then the most probable
 * @property {number[]} chosen rows of the token table
 */

const ROWS_MAX = 6; // beside what is chosen and pinned, so many tokens at the most

/**
 * @param {LensPage} record
 * @param {ChartModel[]} models of the single positions, in the order of the pins: colours are theirs
 * @param {{pins: Cell[], scale: Scale}} wish
 * @returns {TogetherModel}
 */
export function togetherModel(record, models, { pins, scale }) {
  const positions = pinnedPositions(pins);
  const { chosen } = models[0];
  /** @type {Map<number, ChartLine>} by token: the first line of it, for its colour and name */
  const known = new Map();
  /** @type {Map<number, number>} */
  const best = new Map();
  for (const one of models.flatMap((model) => model.series)) if (!known.has(one.index)) known.set(one.index, one);
  for (const index of known.keys()) best.set(index, index < 0 ? Infinity : Math.max(...positions.map((pin) => highest(record, pin.position, index))));
  const wanted = new Set([
    ...(known.has(-1) ? [-1] : []), ...chosen.filter((i) => known.has(i)),
    ...positions.flatMap((pin) => pin.layers.map((l) => record.topIndex(l, pin.position, 0))),
  ]);
  const others = [...known.keys()].filter((index) => !wanted.has(index)).sort((a, b) => (best.get(b) ?? 0) - (best.get(a) ?? 0));
  const indices = [...wanted];
  const colourOf = (/** @type {number} */ index) => known.get(index)?.colour;
  for (const index of others) {
    // one that shares its colour has a chart of its own to be seen in
    if (indices.length < ROWS_MAX && !indices.some((one) => colourOf(one) === colourOf(index))) indices.push(index);
  }
  const rows = indices.map((index) => {
    const { name, colour } = known.get(index) ?? { name: undefined, colour: 0 };
    const lines = models.map((model) => {
      const series = model.series.find((one) => one.index === index) ?? chartSeries(record, model.position, [index], scale)[0];
      return { ...series, colour };
    });
    return { index, name, colour, lines };
  });
  return { record, scale, axis: chartAxis(scale, rows.flatMap((row) => row.lines), record.K), pins: positions, rows, chosen };
}

/**
 * Where the number of a position stands on its line: at the line's highest known point.
 * @param {TogetherModel} model
 * @param {(l: number) => number} x
 * @param {(value: number) => number} y
 * @param {[number, number]} ends least and largest x
 * @returns {{row: number, pin: number, x: number, y: number}[]} none that would cover another, and none on
 *   the floor, where all lines lie
 */
export function numberSpots({ axis, rows }, x, y, [least, most]) {
  const tops = rows.flatMap((row, r) => row.lines.map((line, pin) => {
    const l = line.points.reduce((top, point, at) => (point.exact && (top < 0 || axis.place(point.value) > axis.place(line.points[top].value)) ? at : top), -1);
    return { row: r, pin, l, high: l < 0 ? 0 : axis.place(line.points[l].value) };
  })).filter(({ high }) => high > 0.12).sort((a, b) => b.high - a.high);
  /** @type {{row: number, pin: number, x: number, y: number}[]} */
  const spots = [];
  for (const { row, pin, l } of tops) {
    const at = { row, pin, x: x(l), y: y(rows[row].lines[pin].points[l].value) };
    // beside the point where another number has it already
    const free = [0, 13, -13, 26, -26].map((aside) => ({ ...at, x: Math.max(least, Math.min(most, at.x + aside)) })).find((spot) => spots.every((other) => Math.hypot(other.x - spot.x, other.y - spot.y) >= 12));
    if (free) spots.push(free);
  }
  return spots;
}

/** Which line is nearest to a height, at a layer. @param {TogetherModel} model @param {number} layer @param {(value: number) => number} y @param {number} at @returns {number} number of its pin in the list */
export function nearestPin({ rows }, layer, y, at) {
  const points = rows.flatMap((row) => row.lines.map((line, pin) => ({ pin, far: line.points[layer].exact ? Math.abs(y(line.points[layer].value) - at) : Infinity })));
  return points.reduce((best, one) => (one.far < best.far ? one : best), { pin: 0, far: Infinity }).pin;
}
