/**
 * The range of a scale of probabilities: where its colours begin and end, and the numbers beside
 * them. A report whose patches never exceed .01 is blank from 0 to 1, so the range can be that of the
 * report, or logarithmic. Pure.
 */
import { formatNumber } from "./format.js";
/** @import { RangeChoice } from "./state_values.js" */

/** @typedef {[number, number]} Range lowest, highest */
/** @typedef {{at: number, text: string}} Tick at: 0..1 along the scale */
/** @typedef {Exclude<RangeChoice, "auto">} RangeKind */
/**
 * @typedef {object} Scale
 * @property {RangeKind} kind
 * @property {Range} range
 * @property {(p: number) => number} shade 0..1
 * @property {Tick[]} ticks
 */

const LEAST_DECADE = -8; // what is less probable is at the bottom of the logarithmic scale
const MOST_TICKS = 5;

/** @param {number} value @param {Range} range */
export const linear = (value, [low, high]) => Math.max(0, Math.min(1, (value - low) / (high - low || 1)));

/**
 * Round numbers on the scale, about five, and the largest value when it is not next to one.
 * @param {Range} range
 * @param {(value: number) => string} format
 * @returns {Tick[]}
 */
export function linearTicks(range, format) {
  const [low, high] = range;
  const rough = (high - low) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((n) => n * unit >= rough * 0.999) ?? 10) * unit;
  const ticks = [];
  for (let n = 0; n * step <= (high - low) * 1.0001; n += 1) ticks.push(low + n * step);
  if (high - ticks[ticks.length - 1] < step * 0.35) ticks.pop();
  ticks.push(high);
  const text = (/** @type {number} */ value) => (value === high ? format(value) : String(Number(value.toPrecision(3))));
  return ticks.map((value) => ({ at: linear(value, range), text: text(value) }));
}

/** Letters that fit along the shortest scale that is drawn. */
const LETTERS = 44;

/**
 * Those whose texts do not touch, on the shortest scale too: both ends, and between them what has room.
 * @param {Tick[]} ticks the lowest first
 * @returns {Tick[]}
 */
export function ticksApart(ticks) {
  // a text at an end begins or ends there, others have their middle at the tick
  const place = (/** @type {Tick} */ { at, text }) => {
    const left = Math.max(0, Math.min(LETTERS - text.length, at * LETTERS - text.length / 2));
    return { left, right: left + text.length };
  };
  const kept = [...new Set([ticks.at(-1), ticks[0]])].filter((tick) => tick !== undefined);
  for (const tick of ticks.slice(1, -1)) {
    const { left, right } = place(tick);
    if (kept.every((other) => right + 1 <= place(other).left || place(other).right + 1 <= left)) kept.push(tick);
  }
  return kept.sort((a, b) => a.at - b.at);
}

/**
 * The scale that is chosen; `auto` is `usual`, unless all would look blank on it.
 * @param {RangeChoice} choice
 * @param {{most: number, least: number, above: boolean}} values the largest and the smallest
 *   positive one that the scale is for; are there larger ones elsewhere?
 * @param {RangeKind} usual
 * @returns {Scale}
 */
export function probabilityScale(choice, { most, least, above }, usual) {
  const kind = choice !== "auto" ? choice : usual === "unit" && most < BLANK ? "report" : usual;
  if (kind === "unit") return linearScale(kind, [0, 1], String);
  if (kind === "report") return linearScale(kind, [0, most || 1], (p) => `${above ? "≥ " : ""}${formatNumber(p)}`);
  const high = Math.min(0, Math.ceil(Math.log10(most || 1) - 1e-9));
  const low = Math.max(LEAST_DECADE, Math.min(high - 1, Math.floor(Math.log10(least || 1))));
  const every = Math.ceil((high - low) / (MOST_TICKS - 1));
  const decades = Array.from({ length: high - low + 1 }, (_, n) => high - n).filter((decade) => (high - decade) % every === 0).reverse();
  const shade = (/** @type {number} */ p) => (p > 0 ? linear(Math.log10(p), [low, high]) : 0);
  return { kind, range: [10 ** low, 10 ** high], shade, ticks: decades.map((decade) => ({ at: linear(decade, [low, high]), text: decadeText(decade, above && decade === high && high < 0) })) };
}
/** Where no value reaches this, a scale up to 1 shows nothing. */
const BLANK = 0.1;

/** @param {RangeKind} kind @param {Range} range @param {(p: number) => string} format @returns {Scale} */
const linearScale = (kind, range, format) => ({ kind, range, shade: (p) => linear(p, range), ticks: linearTicks(range, format) });

/** 1, 0.1, 0.01, 10⁻³ … @param {number} decade @param {boolean} above */
function decadeText(decade, above) {
  const text = decade > -3 ? String(10 ** decade) : `10⁻${"⁰¹²³⁴⁵⁶⁷⁸⁹"[-decade]}`;
  return above ? `≥ ${text}` : text;
}
