/**
 * The words of the answer, and where on the image the patches read as them. Pure.
 * A word is looked for by its first piece, as `--track` does.
 */
import { DECIMAL } from "../core/decimal.js";
/** @import { LensPage } from "../core/record.js" */

/**
 * @typedef {object} AnswerWord
 * @property {number[]} positions of its pieces
 * @property {number} index row of the token table of its first piece, which is looked for
 * @property {string} text all pieces, the space before them taken away
 * @property {number} times how often the answer says it
 */

/**
 * Answer tokens merged into words: a piece without a mark of a leading space continues the word
 * before it when both are letters. Words that come again are counted.
 * @param {LensPage} record
 * @returns {AnswerWord[]} in the order of the answer
 */
export function answerWords(record) {
  /** @type {(AnswerWord & {raw: string})[]} raw: its last piece */
  const words = [];
  for (const t of record.answerPositions) {
    const text = record.text(record.input(t));
    const last = words.at(-1);
    const follows = last && last.positions.at(-1) === t - 1;
    const bare = text.replace(/^[▁Ġ ]/u, "");
    if (follows && bare === text && /^[\p{L}\p{M}'’-]/u.test(text) && /[\p{L}\p{M}'’-]$|^[▁Ġ ]$/u.test(last.raw)) {
      if (!last.text) last.index = record.input(t); // the space stood alone: "▁" "W" "hat"
      last.positions.push(t);
      last.text += text;
      last.raw = text;
    } else {
      words.push({ positions: [t], index: record.input(t), text: bare, raw: text, times: 1 });
    }
  }
  /** @type {Map<string, AnswerWord>} */
  const distinct = new Map();
  for (const { positions, index, text } of words) {
    const key = `${index} ${text}`;
    const known = distinct.get(key);
    if (known) known.times += 1;
    else distinct.set(key, { positions, index, text: text || record.text(index), times: 1 });
  }
  return [...distinct.values()];
}

/**
 * @typedef {object} PatchFind where the patches read as a token
 * @property {number} index
 * @property {boolean} exact recorded in every cell; else only where it is among the top k
 * @property {number} layer index of the layer, −1 when no patch knows the token
 * @property {number} position of the patch
 * @property {number} value its probability there
 * @property {number} rank 0 = top
 * @property {number} firstLayer first layer index at which it is the top token of a patch, or −1
 * @property {number} firstPatches of how many, there
 * @property {number} code the decimal code of `value`
 */

/**
 * Look for tokens in the patches, in slices.
 * @param {LensPage} record
 * @param {number[]} indices
 * @returns {Generator<number, Map<number, PatchFind>>}
 */
export function* findInPatchesSteps(record, indices) {
  /** @type {Map<number, PatchFind>} */
  const finds = new Map(indices.map((index) => [index, {
    index, exact: record.slot(index) >= 0, layer: -1, position: -1, value: 0, rank: -1, firstLayer: -1, firstPatches: 0, code: -1,
  }]));
  const all = [...finds.values()];
  const slots = all.map((find) => record.slot(find.index));
  const wanted = new Uint8Array(record.tokenCount);
  for (const index of indices) wanted[index] = 1;
  const { top, prob, tracked_prob: trackedProb } = record.blocks;
  const width = record.tracked.length;
  /** @param {PatchFind} find @param {number} code @param {number} l @param {number} t */
  const better = (find, code, l, t) => {
    if (code > find.code) Object.assign(find, { code, layer: l, position: t });
  };
  for (let l = 0; l < record.L; l += 1) {
    for (const t of record.imagePositions) {
      const cell = l * record.T + t;
      for (let n = 0; n < all.length; n += 1) {
        if (slots[n] >= 0) better(all[n], trackedProb[cell * width + slots[n]], l, t);
      }
      for (let r = 0; r < record.K; r += 1) {
        const i = top[cell * record.K + r];
        if (wanted[i] === 0) continue;
        const find = finds.get(i);
        if (!find) continue;
        if (!find.exact) better(find, prob[cell * record.K + r], l, t);
        if (r > 0) continue;
        if (find.firstLayer < 0) find.firstLayer = l;
        if (find.firstLayer === l) find.firstPatches += 1;
      }
    }
    yield (l + 1) / record.L;
  }
  for (const find of all) {
    if (find.position < 0) continue;
    find.value = DECIMAL[find.code];
    find.rank = record.rank(find.layer, find.position, find.index).value;
  }
  return finds;
}

/** All at once, for tests. @param {LensPage} record @param {number[]} indices */
export function findInPatches(record, indices) {
  const steps = findInPatchesSteps(record, indices);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}
