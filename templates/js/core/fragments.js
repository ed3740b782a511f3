/**
 * Which tokens are whole words. A vocabulary that marks leading spaces (`▁`, `Ġ`) tells: what begins
 * with a letter and has no such mark goes on with a word. One without marks does not tell. Pure.
 */
/** @import { LensPage } from "./record.js" */

const SPACE = /^[▁Ġ ]/u;
const MARKED = 0.2; // of a report's tokens, for its vocabulary to be one that marks spaces
/** @type {WeakMap<LensPage, boolean>} */
const markings = new WeakMap();

/** Does the vocabulary mark leading spaces? @param {LensPage} record */
export function marksSpaces(record) {
  let marks = markings.get(record);
  if (marks === undefined) {
    marks = record.texts.filter((text) => SPACE.test(text)).length >= MARKED * record.texts.length;
    markings.set(record, marks);
  }
  return marks;
}

/**
 * Does a token go on with a word? Scripts that write no spaces between words are not judged.
 * @param {LensPage} record
 * @param {number} i row of the token table
 */
export function isFragment(record, i) {
  const text = record.text(i);
  return /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u.test(text) && !SPACE.test(text) && marksSpaces(record);
}

/** Punctuation, digits, signs: a token without a letter. @param {LensPage} record @param {number} i */
export const isWordless = (record, i) => !/\p{L}/u.test(record.text(i));
