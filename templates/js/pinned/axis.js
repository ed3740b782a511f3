/**
 * The axes of the trajectory charts. Pure.
 */
import { formatRank } from "../core/format.js";
/** @import { Scale } from "../core/state_values.js" */
/** @import { ChartPoint } from "./chart_data.js" */

/** @typedef {{place: (value: number) => number, ticks: {at: number, text: string}[], floor: number}} ChartAxis `place(value)`: 0 at the bottom, 1 at the top; better is always up */

/**
 * The vertical axis, shared by all charts so that they can be compared.
 * @param {Scale} scale
 * @param {{points: ChartPoint[]}[]} series of all charts
 * @param {number} k
 * @returns {ChartAxis}
 */
export function chartAxis(scale, series, k) {
  const points = series.flatMap((one) => one.points);
  return scale === "rank" ? rankAxis(points, k) : scale === "log" ? logAxis(points) : probAxis(points);
}

/** @param {ChartPoint[]} points @param {number} k @returns {ChartAxis} */
function rankAxis(points, k) {
  const worst = Math.max(k, ...spread(points.map((point) => point.value + (point.exact ? 0 : k))));
  const place = (/** @type {number} */ rank) => 1 - Math.log1p(Math.min(rank, worst)) / Math.log1p(worst);
  const ticks = [0, 9, 99, 999, 9999, 99999].filter((rank) => place(rank) > 0.08 || rank === 0);
  if (k < 9 && worst < 30) ticks.push(k - 1);
  return { place, floor: worst, ticks: [...new Set(ticks)].map((rank) => ({ at: place(rank), text: rank < 999 ? formatRank(rank) : `#${(rank + 1) / 1000}k` })) };
}

/** @param {ChartPoint[]} points @returns {ChartAxis} */
function logAxis(points) {
  const known = points.map((point) => point.value).filter((p) => p > 0);
  const least = Math.min(0.1, ...spread(known));
  const low = Math.max(-16, Math.floor(Math.log10(least) + 1e-9));
  const place = (/** @type {number} */ p) => (p <= 0 ? 0 : Math.max(0, Math.min(1, 1 - Math.log10(p) / low)));
  const step = Math.ceil(-low / 5);
  const ticks = [];
  for (let decade = 0; decade >= low; decade -= step) ticks.push({ at: place(10 ** decade), text: decade > -4 ? String(Number((10 ** decade).toPrecision(1))) : `1e${decade}` });
  return { place, floor: 10 ** low, ticks };
}

/** @param {ChartPoint[]} points @returns {ChartAxis} */
function probAxis(points) {
  const most = Math.max(1e-9, ...spread(points.filter((point) => point.exact).map((point) => point.value)));
  const top = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].find((limit) => most <= limit) ?? 1;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: at === 0 ? "0" : String(Number((at * top).toPrecision(3))) }));
  return { place: (p) => Math.max(0, Math.min(1, p / top)), floor: 0, ticks };
}

/** Math.max(...x) fails on long lists. @param {number[]} values */
const spread = (values) => (values.length ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : []);

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
  if (ticks.length > 1 && last - ticks[ticks.length - 1] < step * 0.6) ticks.pop();
  return [...new Set([...ticks, last])];
}
