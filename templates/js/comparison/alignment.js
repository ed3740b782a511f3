/**
 * Both answers, word beside word. Pure.
 */
import { spaceMarks } from "../core/format.js";
/** @import { PairPage, Side } from "./pair.js" */

/** @typedef {{a: number[], b: number[], same: boolean}} AnswerColumn rows of either answer's tokens */

/**
 * The answers as columns: a word that both say, or a word that each says instead. Between two words
 * that both say, what A and B say instead stands side by side from the left.
 * @param {PairPage} pair
 * @returns {AnswerColumn[]}
 */
export function answerColumns(pair) {
  /** @type {AnswerColumn[]} runs of rows that both have, or that they do not */
  const runs = [];
  for (let row = 0; row < pair.R; row += 1) {
    if (pair.kind(row) !== 2) continue;
    const same = pair.pairs[row] >= 0;
    const last = runs.at(-1);
    const run = last?.same === same ? last : { a: [], b: [], same };
    if (run !== last) runs.push(run);
    for (const side of /** @type {Side[]} */ (["a", "b"])) if (pair.position(row, side) >= 0) run[side].push(row);
  }
  return runs.flatMap((run) => {
    const [a, b] = [wordsOfRows(pair, run.a), wordsOfRows(pair, run.b)];
    return Array.from({ length: Math.max(a.length, b.length) }, (_, n) => ({ a: a[n] ?? [], b: b[n] ?? [], same: run.same }));
  });
}

/** Rows of tokens as words: pieces stay with the word that they belong to. @param {PairPage} pair @param {number[]} rows */
function wordsOfRows(pair, rows) {
  /** @type {number[][]} */
  const words = [];
  for (const row of rows) {
    if (words.length && !beginsWord(pair, row)) words[words.length - 1].push(row);
    else words.push([row]);
  }
  return words;
}

/** @param {PairPage} pair @param {number} row */
function beginsWord(pair, row) {
  const text = pair.label(row);
  return spaceMarks(text) !== "" || !/^[\p{L}\p{M}'’-]/u.test(text);
}
