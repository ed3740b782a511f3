/**
 * Which layers the grid shows: a range of them, and every how many. Counted from the end of the
 * range, and the last layer is always among them: it is what the model says. Pure.
 */
/** @import { LensPage } from "./record.js" */
/** @import { Span } from "./state_values.js" */

/** @param {Span|null} span @param {number} layers how many there are @returns {number[]} indices */
export function spannedLayers(span, layers) {
  const { from, to, step } = wholeSpan(span, layers);
  const last = layers - 1;
  const shown = [];
  for (let l = to; l >= from; l -= step) shown.push(l);
  shown.reverse();
  if (shown[shown.length - 1] !== last) shown.push(last);
  return shown;
}

/** null is all of them. @param {Span|null} span @param {number} layers @returns {Span} */
export const wholeSpan = (span, layers) => span ?? { from: 0, to: layers - 1, step: 1 };

/** All layers, one by one, is no span at all. @param {Span} span @param {number} layers @returns {Span|null} */
export const plainSpan = ({ from, to, step }, layers) => (from <= 0 && to >= layers - 1 && step <= 1 ? null : { from, to, step });

/** The least step at which the layers of a span fit. @param {Span} span @param {number} layers @param {number} fit columns that there is room for */
export function fittingStep({ from, to }, layers, fit) {
  let step = 1;
  while (step < to - from && spannedLayers({ from, to, step }, layers).length > fit) step += 1;
  return step;
}

/** "layers 8–32, every 2nd" @param {LensPage} record @param {Span|null} span */
export function spanText(record, span) {
  const { from, to, step } = wholeSpan(span, record.L);
  const range = from > 0 || to < record.L - 1 ? `layers ${record.layers[from]}–${record.layers[to]}` : "";
  const every = step > 1 ? `every ${ordinal(step)}` : "";
  return [range, every].filter(Boolean).join(", ") || "every layer";
}

/** 2 → "2nd" @param {number} n */
export const ordinal = (n) => `${n}${n % 100 > 10 && n % 100 < 14 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th"}`;
