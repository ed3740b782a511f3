/**
 * What the trajectory charts show: which tokens, in which colours, their values over the layers.
 * Pure: numbers in, numbers out; pinned/chart.js draws them.
 */
import { formatProb, formatRank, quietText } from "../core/format.js";
import { probOf, rankOf } from "../core/token_prob.js";
import { chartAxis } from "./axis.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Cell, Scale } from "../core/state_values.js" */
/** @import { ChartAxis } from "./axis.js" */

const SERIES_MAX = 8;

/** @typedef {{value: number, exact: boolean, partial?: boolean}} ChartPoint not exact: `value` is a bound; partial: a sum of which only parts are known */
/** @typedef {{index: number, name?: string, points: ChartPoint[]}} Series index: row of the token table, −1 for the sum */
/** @typedef {Series & {colour: number}} ChartLine colour: number of its colour, −1 for that of text */
/**
 * @typedef {object} ChartModel
 * @property {LensPage} record
 * @property {number} position
 * @property {Scale} scale
 * @property {ChartAxis} axis
 * @property {ChartLine[]} series as the legend lists them
 * @property {number[]} pinned layer indices
 * @property {number[]} chosen rows of the token table
 * @property {number} more tokens that were left out
 * @property {number} moreBest the highest probability that one of them reaches
 */

/**
 * Tokens worth following at a position: the final one, the chosen ones, those that top the pinned
 * cells, the word that is said next; then whatever was on top at any layer and what is tracked, the
 * most probable first.
 * @param {LensPage} record
 * @param {number} t
 * @param {{tokens: number[], layers: number[], limit?: number}} wish chosen token ids; pinned layers
 * @returns {{indices: number[], more: number, moreBest: number}} more: how many were left out, and
 *   the highest probability that one of them reaches
 */
export function chartTokens(record, t, { tokens, layers, limit = SERIES_MAX }) {
  const last = record.L - 1;
  const first = [
    record.topIndex(last, t, 0),
    ...tokens.map((id) => record.indexOf(id)).filter((i) => i >= 0),
    ...layers.map((l) => record.topIndex(l, t, 0)),
    ...(t + 1 < record.T && record.kind(t + 1) === 2 ? [record.input(t + 1)] : []),
  ];
  /** @type {Map<number, number>} */
  const best = new Map();
  const bestOf = (/** @type {number} */ i) => best.get(i) ?? 0;
  const note = (/** @type {number} */ i, /** @type {number} */ p) => best.set(i, Math.max(bestOf(i), p));
  for (let l = 0; l < record.L; l += 1) {
    note(record.topIndex(l, t, 0), record.topProb(l, t, 0));
    record.tracked.forEach((i, slot) => note(i, record.trackedProb(l, t, slot)));
  }
  const rest = [...best.keys()].sort((a, b) => bestOf(b) - bestOf(a));
  const all = [...new Set([...first, ...rest])];
  const left = all.slice(limit);
  return { indices: all.slice(0, limit), more: left.length, moreBest: left.reduce((most, i) => Math.max(most, bestOf(i)), 0) };
}

/**
 * Value of every token at every layer. Not exact: `value` is a bound, p_k (probability: at most) or
 * k (rank: at least).
 * @param {LensPage} record
 * @param {number} t
 * @param {number[]} indices
 * @param {Scale} scale
 * @returns {Series[]}
 */
export function chartSeries(record, t, indices, scale) {
  return indices.map((index) => ({
    index,
    points: Array.from({ length: record.L }, (_, l) => (scale === "rank" ? record.rank(l, t, index) : record.prob(l, t, index))),
  }));
}

/**
 * The sum of several chosen tokens (rank: the best of them). Where only some are known the sum is
 * `partial`, a lower bound; where none is, each is at most p_k.
 * @param {LensPage} record
 * @param {number} t
 * @param {number[]} indices
 * @param {Scale} scale
 * @returns {Series}
 */
export function chartSum(record, t, indices, scale) {
  return {
    index: -1,
    name: scale === "rank" ? "best of these" : "sum",
    points: Array.from({ length: record.L }, (_, l) => {
      if (scale === "rank") {
        const { value, known } = rankOf(record, l, t, indices);
        return { value, exact: known };
      }
      const { value, exact, known } = probOf(record, l, t, indices);
      return known ? { value, exact: true, partial: !exact } : { value: Math.min(1, value * indices.length), exact: false };
    }),
  };
}

/** What a line is called, in plain text. @param {LensPage} record @param {Series} one */
export const seriesName = (record, one) => one.name ?? quietText(record.text(one.index));

/** The highest probability that a token is known to have at a position. @param {LensPage} record @param {number} t @param {number} i */
export const highest = (record, t, i) => record.layers.reduce((most, _number, l) => {
  const { value, exact } = record.prob(l, t, i);
  return exact ? Math.max(most, value) : most;
}, 0);

/**
 * One colour per token, over all charts. Given chart by chart, so that one more pin changes none;
 * where tokens outnumber colours, weak ones share theirs, in different charts if that can be.
 * @param {{index: number, best: number}[][]} charts the tokens of each, the strongest first
 * @param {number} count of colours
 * @returns {Map<number, number>} token → 0 .. count − 1
 */
export function chartColours(charts, count) {
  /** @type {Map<number, number>} */
  const given = new Map();
  const weight = new Array(count).fill(0); // how strong the tokens are that have it
  for (const chart of charts) {
    const here = new Set(chart.map((one) => given.get(one.index)));
    for (const { index, best } of chart) {
      let colour = given.get(index);
      if (colour === undefined) {
        // in twentieths: below that all are alike, and the first colours are the clearest
        const price = (/** @type {number} */ n) => Math.floor(20 * weight[n]) + (here.has(n) ? 1e6 : 0);
        colour = 0;
        for (let n = 1; n < count; n += 1) if (price(n) < price(colour)) colour = n;
        given.set(index, colour);
        here.add(colour);
      }
      weight[colour] += best;
    }
  }
  return given;
}

/**
 * The charts of all pinned positions, on one axis, with one colour per token, the most probable
 * first.
 * @param {LensPage} record
 * @param {{pins: Cell[], tokens: number[], scale: Scale}} wish
 * @param {number} colours how many there are
 * @returns {ChartModel[]} in the order of the pins
 */
export function chartModels(record, { pins, tokens, scale }, colours) {
  const chosen = tokens.map((id) => record.indexOf(id)).filter((i) => i >= 0);
  const models = [...new Set(pins.map((pin) => pin.position))].map((position) => {
    const pinned = pins.filter((pin) => pin.position === position).map((pin) => pin.layer);
    const { indices, ...left } = chartTokens(record, position, { tokens, layers: pinned, limit: SERIES_MAX - (chosen.length > 1 ? 1 : 0) });
    const series = chartSeries(record, position, indices, scale)
      .map((one) => ({ ...one, best: highest(record, position, one.index) })).sort((a, b) => b.best - a.best);
    return { record, position, scale, series, pinned, ...left, chosen };
  });
  const colourOf = chartColours(models.map((model) => model.series), colours);
  const lines = models.map((model) => [
    ...(chosen.length > 1 ? [{ ...chartSum(record, model.position, chosen, scale), colour: -1 }] : []),
    ...model.series.map((one) => ({ ...one, colour: colourOf.get(one.index) ?? 0 })),
  ]);
  const axis = chartAxis(scale, lines.flat(), record.K);
  return models.map((model, n) => ({ ...model, series: lines[n], axis }));
}

/**
 * A line in pieces: whole where both ends are known, dashed where it dives below p_k or comes back,
 * nothing where two neighbours are unknown; dots where a known value stands alone.
 * @param {ChartPoint[]} points
 * @param {(l: number) => number} x
 * @param {(value: number) => number} y
 * @returns {{whole: string, dashed: string, dots: [number, number][]}} SVG paths
 */
export function chartPaths(points, x, y) {
  let whole = "";
  let dashed = "";
  /** @type {[number, number][]} */
  const dots = [];
  const at = (/** @type {number} */ l) => `${x(l).toFixed(1)} ${y(points[l].value).toFixed(1)}`;
  points.forEach((point, l) => {
    const before = points[l - 1];
    if (before && before.exact && point.exact) whole += `${whole.endsWith(at(l - 1)) ? "" : `M${at(l - 1)}`}L${at(l)}`;
    else if (before && before.exact !== point.exact) dashed += `M${at(l - 1)}L${at(l)}`;
    if (point.exact && !before?.exact && !points[l + 1]?.exact) dots.push([x(l), y(point.value)]);
  });
  return { whole, dashed, dots };
}

/**
 * The value of a token at a layer as text: "0.0123", "< 0.0021", "#3", "> #10".
 * @param {ChartPoint} point
 * @param {Scale} scale
 */
export function pointText(point, scale) {
  if (scale === "rank") return point.exact ? formatRank(point.value) : `> ${formatRank(point.value - 1)}`;
  return `${point.partial ? "≥ " : point.exact ? "" : "< "}${formatProb(point.value)}`;
}
