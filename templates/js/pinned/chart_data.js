/**
 * What the trajectory charts show: which tokens, in which colours, their values over the layers,
 * axes. Pure: numbers in, numbers out; pinned/chart.js draws them.
 */
import { formatProb, formatRank, visibleText } from "../core/format.js";
import { probOf, rankOf } from "../core/token_prob.js";

export const SERIES_MAX = 8;

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
  const best = new Map();
  const note = (i, p) => best.set(i, Math.max(best.get(i) ?? 0, p));
  for (let l = 0; l < record.L; l += 1) {
    note(record.topIndex(l, t, 0), record.topProb(l, t, 0));
    record.tracked.forEach((i, slot) => note(i, record.trackedProb(l, t, slot)));
  }
  const rest = [...best.keys()].sort((a, b) => best.get(b) - best.get(a));
  const all = [...new Set([...first, ...rest])];
  const left = all.slice(limit);
  return { indices: all.slice(0, limit), more: left.length, moreBest: left.reduce((most, i) => Math.max(most, best.get(i) ?? 0), 0) };
}

/**
 * Value of every token at every layer.
 * @returns {{index: number, points: {value: number, exact: boolean}[]}[]} not exact: `value` is a
 *   bound, p_k (probability: at most) or k (rank: at least)
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
 * @returns {{index: number, name: string, points: {value: number, exact: boolean, partial?: boolean}[]}} index −1
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

/** What a line is called. */
export const seriesName = (record, one) => one.name ?? visibleText(record.text(one.index));

/** The highest probability that a token is known to have at a position. */
const highest = (record, t, i) => record.layers.reduce((most, _, l) => {
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
  const given = new Map();
  const weight = new Array(count).fill(0); // how strong the tokens are that have it
  for (const chart of charts) {
    const here = new Set(chart.map((one) => given.get(one.index)));
    for (const { index, best } of chart) {
      if (!given.has(index)) {
        // in twentieths: below that all are alike, and the first colours are the clearest
        const price = (n) => Math.floor(20 * weight[n]) + (here.has(n) ? 1e6 : 0);
        let colour = 0;
        for (let n = 1; n < count; n += 1) if (price(n) < price(colour)) colour = n;
        given.set(index, colour);
        here.add(colour);
      }
      weight[given.get(index)] += best;
    }
  }
  return given;
}

/**
 * The charts of all pinned positions, on one axis, with one colour per token, the most probable
 * first.
 * @param {{pins: {layer: number, position: number}[], tokens: number[], scale: string}} wish
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
  for (const model of models) {
    for (const one of model.series) one.colour = colourOf.get(one.index);
    if (chosen.length > 1) model.series.unshift({ ...chartSum(record, model.position, chosen, scale), colour: -1 });
  }
  const axis = chartAxis(scale, models.flatMap((model) => model.series), record.K);
  return models.map((model) => ({ ...model, axis }));
}

/**
 * The vertical axis, shared by all charts so that they can be compared. `place(value)` is 0 at the
 * bottom and 1 at the top; better is always up.
 * @param {"prob"|"log"|"rank"} scale
 * @param {{points: {value: number, exact: boolean}[]}[]} series of all charts
 * @param {number} k
 * @returns {{place: (value: number) => number, ticks: {at: number, text: string}[], floor: number}}
 */
export function chartAxis(scale, series, k) {
  const points = series.flatMap((one) => one.points);
  if (scale === "rank") {
    const worst = Math.max(k, ...spread(points.map((point) => point.value + (point.exact ? 0 : k))));
    const place = (rank) => 1 - Math.log1p(Math.min(rank, worst)) / Math.log1p(worst);
    const ticks = [0, 9, 99, 999, 9999, 99999].filter((rank) => place(rank) > 0.08 || rank === 0);
    if (k < 9 && worst < 30) ticks.push(k - 1);
    return { place, floor: worst, ticks: [...new Set(ticks)].map((rank) => ({ at: place(rank), text: rank < 999 ? formatRank(rank) : `#${(rank + 1) / 1000}k` })) };
  }
  if (scale === "log") {
    const known = points.map((point) => point.value).filter((p) => p > 0);
    const least = Math.min(0.1, ...spread(known));
    const low = Math.max(-16, Math.floor(Math.log10(least) + 1e-9));
    const place = (p) => (p <= 0 ? 0 : Math.max(0, Math.min(1, 1 - Math.log10(p) / low)));
    const step = Math.ceil(-low / 5);
    const ticks = [];
    for (let decade = 0; decade >= low; decade -= step) ticks.push({ at: place(10 ** decade), text: decade > -4 ? String(Number((10 ** decade).toPrecision(1))) : `1e${decade}` });
    return { place, floor: 10 ** low, ticks };
  }
  const most = Math.max(1e-9, ...spread(points.filter((point) => point.exact).map((point) => point.value)));
  const top = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].find((limit) => most <= limit) ?? 1;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: at === 0 ? "0" : String(Number((at * top).toPrecision(3))) }));
  return { place: (p) => Math.max(0, Math.min(1, p / top)), floor: 0, ticks };
}

/** Math.max(...x) fails on long lists. */
const spread = (values) => (values.length ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : []);

/**
 * A line in pieces: whole where both ends are known, dashed where it dives below p_k or comes back,
 * nothing where two neighbours are unknown; dots where a known value stands alone.
 * @param {{value: number, exact: boolean}[]} points
 * @param {(l: number) => number} x
 * @param {(value: number) => number} y
 * @returns {{whole: string, dashed: string, dots: [number, number][]}} SVG paths
 */
export function chartPaths(points, x, y) {
  let whole = "";
  let dashed = "";
  const dots = [];
  const at = (l) => `${x(l).toFixed(1)} ${y(points[l].value).toFixed(1)}`;
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
 * @param {{value: number, exact: boolean}} point
 * @param {string} scale
 */
export function pointText(point, scale) {
  if (scale === "rank") return point.exact ? formatRank(point.value) : `> ${formatRank(point.value - 1)}`;
  return `${point.partial ? "≥ " : point.exact ? "" : "< "}${formatProb(point.value)}`;
}

/**
 * Layers to write at the horizontal axis: every step-th, and always the last.
 * @param {number[]} layers
 * @param {number} room how many labels fit
 * @returns {number[]} indices
 */
export function layerTicks(layers, room) {
  const last = layers.length - 1;
  const step = Math.max(1, [1, 2, 4, 5, 8, 10, 16, 20, 25, 50, 100].find((size) => last / size <= room) ?? Math.ceil(last / room));
  const ticks = [];
  for (let l = 0; l < last; l += step) ticks.push(l);
  if (ticks.length > 1 && last - ticks.at(-1) < step * 0.6) ticks.pop();
  return [...new Set([...ticks, last])];
}
