/**
 * Numbers and tokens → text a person reads. Knows nothing of the record or the page.
 * Every value is shown with 3 significant digits; only a true zero is written as 0.
 */

/**
 * A number with 3 significant digits: 0.0123, 1.20, 123, 1.23e-7.
 * @param {number} value
 * @returns {string} "–" where nothing was recorded
 */
export function formatNumber(value) {
  if (Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.000995 || size >= 99950) return value.toExponential(2);
  const text = value.toPrecision(3);
  return text.includes("e") ? String(Math.round(Number(text))) : text;
}

/**
 * A probability, 0..1. A float32 sum may exceed 1 by a hair.
 * @param {number} p
 * @returns {string}
 */
export function formatProb(p) {
  return formatNumber(Math.min(p, 1));
}

/**
 * A rank in the full vocabulary, counted from 1 for people: "#1" is the most likely token.
 * @param {number} rank 0 is the top
 * @returns {string}
 */
export function formatRank(rank) {
  return `#${grouped(rank + 1)}`;
}

/**
 * "3 patches", "1 patch".
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 * @returns {string}
 */
export function formatCount(count, one, many = `${one}s`) {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** The first letter as a capital. @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1eeff}]/u;

/**
 * Names of bytes and characters keep to themselves in a text that runs from right to left: else
 * `י<0xD7>` would be written as `0>יxD7>`, on a canvas as in the page.
 * @param {string} text
 */
export function withNamesApart(text) {
  if (!text.includes("<") || !RIGHT_TO_LEFT.test(text)) return text;
  return text.replace(/(?:<(?:0x[0-9A-F]{2}|U\+[0-9A-F]{4,6}|id \d+)>)+/g, "\u2066$&\u2069"); // an isolate
}

/**
 * A token's text as something that can be seen: `∅` for a token without text, `␣` for every blank
 * of one that has nothing else. For display only: what is copied out or exported is the text itself.
 * @param {string} text
 * @returns {string}
 */
export function visibleText(text) {
  if (text === "") return "∅";
  return text.trim() === "" ? text.replace(/\s/gu, "␣") : withNamesApart(text);
}

/** What stands for a leading space, however the vocabulary spells it (`▁`, `Ġ`). */
export const SPACE_GLYPH = "·";

/**
 * The marks of leading spaces that a token begins with, as the vocabulary spells them.
 * @param {string} text
 */
export const spaceMarks = (text) => (text.trim() === "" ? "" : /^[▁Ġ ]*/u.exec(text)?.[0] ?? "");

/**
 * A token as it is read in plain text: `·dog`, and `␣` where there are only spaces. Where there is an
 * element for it, `writeToken` makes the mark quieter.
 * @param {string} text
 */
export function quietText(text) {
  const marks = spaceMarks(text);
  if (!marks) return visibleText(text);
  return (marks === text ? "␣" : SPACE_GLYPH).repeat(marks.length) + withNamesApart(text.slice(marks.length));
}

/** What is looked for when this is typed: with or without a mark of a leading space is the same. @param {string} query */
export const bareQuery = (query) => query.trim().replace(/^[▁Ġ·]+(?=.)/u, "").toLowerCase();

/** What hatching says. @param {number} k */
export const belowText = (k) => `not in the top ${k}: below ${boundName(k)}, that cell's #${k}; not zero`;

/** p with k as an index: the probability of a cell's k-th token. @param {number} k */
export const boundName = (k) => `p${[...String(k)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("")}`;

/** 12345 → "12,345"; the browser's own way costs 80 ms the first time. @param {number} count */
function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
