/**
 * Both answers, word beside word. Pure.
 */
import { spaceMarks } from "../core/format.js";
/** @import { PairPage, Side } from "./pair.js" */

/** @typedef {{a: number[], b: number[], same: boolean}} AnswerColumn rows of either answer's tokens */

/**
 * The answers as columns: what both say the same, and between, what each says instead. Pieces stay
 * with the word that they belong to.
 * @param {PairPage} pair
 * @returns {AnswerColumn[]}
 */
export function answerColumns(pair) {
  const rows = Array.from({ length: pair.R }, (_, row) => row).filter((row) => pair.kind(row) === 2);
  /** @type {AnswerColumn[]} */
  const columns = [];
  for (const row of rows) {
    const sides = /** @type {Side[]} */ (["a", "b"]).filter((side) => pair.position(row, side) >= 0);
    const same = sides.length === 2;
    const last = columns.at(-1);
    const joins = last !== undefined && (same ? last.same && !beginsWord(pair, row) : !last.same);
    const column = joins ? last : { a: [], b: [], same };
    if (!joins) columns.push(column);
    for (const side of sides) column[side].push(row);
  }
  return columns;
}

/** @param {PairPage} pair @param {number} row */
function beginsWord(pair, row) {
  const text = pair.label(row);
  return spaceMarks(text) !== "" || !/^[\p{L}\p{M}'’-]/u.test(text);
}
