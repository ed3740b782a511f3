/**
 * One word of the answer, three maps: which patches read as it, which it depends on, which write it
 * directly; and the same by layer. Pure. Values are per image position, in their order.
 */
import { DECIMAL } from "./decimal.js";
import { formatNumber, formatProb } from "./format.js";
/** @import { LensPage } from "./record.js" */

/**
 * What a record may hold of the answer's words, as named in page/word_blocks.py.
 * @typedef {object} WordBlocks
 * @property {Float32Array} [answer_logprob] (answer token), nats
 * @property {Int32Array} [word_spans] (word, 2) first answer token and one past the last
 * @property {Int32Array} [word_index] (word) row of the token table
 * @property {Float32Array} [support_max] (word)
 * @property {Int32Array} [support_rank] (word)
 * @property {Float32Array} [support_percentile] (word)
 * @property {Int32Array} [support_cell] (word, 2) layer index, position
 * @property {Float32Array} [ablate_patch] (answer token, image position) nats
 * @property {Float32Array} [ablate_control] (answer token, set) nats
 * @property {Int32Array} [knockout_bands] (band, 2) layer numbers
 * @property {Float32Array} [knockout_drop] (answer token, band, route) nats
 * @property {Float32Array} [wrote] (answer token, embedding then attention and MLP of every layer) logits, against the contrast token
 * @property {Float32Array} [wrote_rest] (answer token)
 * @property {Float32Array} [wrote_patch] (answer token, image position) logits, summed over layers
 * @property {Int32Array} [against_index] (answer token) row of the token table
 */

/**
 * @typedef {object} SaidWord a word of the answer
 * @property {number} first its first answer token, counted from 0
 * @property {number} last one past its last
 * @property {number} index row of the token table that stands for it in the lens
 * @property {string} text
 * @property {Support|null} support null where it was not measured
 *
 * @typedef {object} Support does any patch read as the word, at layers 1..N−1?
 * @property {number} most largest probability
 * @property {number} rank best rank, 0 = top
 * @property {number} below share of control words that stay below it; NaN where there were none
 * @property {number} layer index
 * @property {number} position
 *
 * @typedef {object} SignedMap values of either sign, one per image position; NaN = not known
 * @property {Float32Array} values
 * @property {number} limit the end of the scale: the largest size of any, and never below what is worth a colour
 *
 * @typedef {{label: string, first: number, last: number, drops: number[]}} Band layers by number, one drop per route
 * @typedef {{attention: number[], mlp: number[], embedding: number, rest: number}} Written one number per decoder layer
 */

/** @typedef {"reads"|"depends"|"writes"} MapKind */
export const KINDS = /** @type {MapKind[]} */ (["reads", "depends", "writes"]);
/** No scale ends below this: a hundredth of a nat is a change of p by 1 %, and less than that must not look like much. */
const LEAST = { depends: 0.01, writes: 0.1 };
export const TITLES = { reads: "reads as", depends: "depends on", writes: "writes directly" };
export const ROUTES = ["answer→image", "prompt→image", "answer→prompt"];

/** @type {WeakMap<LensPage, SaidWord[]>} */
const wordsOf = new WeakMap();

/** The words of the answer, in order; tokens that are no word (a full stop) are left out. @param {LensPage} record */
export function saidWords(record) {
  const words = wordsOf.get(record) ?? makeWords(record);
  wordsOf.set(record, words);
  return words;
}

/** @param {LensPage} record @returns {SaidWord[]} */
function makeWords(record) {
  const { word_spans: spans, word_index: indices, support_max: most } = record.blocks;
  if (!spans || !indices) return [];
  const start = record.answerPositions[0];
  return Array.from(indices, (index, n) => {
    const [first, last] = [spans[2 * n], spans[2 * n + 1]];
    const pieces = Array.from({ length: last - first }, (_, k) => record.text(record.input(start + first + k)));
    const text = pieces.join("").replace(/^[▁Ġ ]+/u, "");
    return { first, last, index, text, support: most ? supportOf(record, n) : null };
  });
}

/** @param {LensPage} record @param {number} n @returns {Support} */
function supportOf(record, n) {
  const { support_max: most, support_rank: rank, support_percentile: below, support_cell: cell } = record.blocks;
  return {
    most: most?.[n] ?? NaN, rank: rank?.[n] ?? -1, below: below?.[n] ?? NaN,
    layer: cell?.[2 * n] ?? 0, position: cell?.[2 * n + 1] ?? 0,
  };
}

/** The word that an answer token belongs to, −1 for none. @param {LensPage} record @param {number} t position */
export function wordAt(record, t) {
  const token = t - record.answerPositions[0];
  return saidWords(record).findIndex((word) => token >= word.first && token < word.last);
}

/** What was recorded: which maps there are. @param {LensPage} record */
export const mapsOf = ({ blocks }) => ({
  reads: blocks.word_index !== undefined,
  depends: blocks.ablate_patch !== undefined,
  writes: blocks.wrote_patch !== undefined,
  knockout: blocks.knockout_drop !== undefined,
  written: blocks.wrote !== undefined,
});

/** p of the word's first piece at every patch of a layer. @param {LensPage} record @param {SaidWord} word @param {number} l */
export function readsAs(record, word, l) {
  const slot = record.slot(word.index);
  const values = new Float32Array(record.imagePositions.length).fill(NaN);
  if (slot < 0) return values;
  const { tracked_prob: probs } = record.blocks;
  record.imagePositions.forEach((t, n) => { values[n] = DECIMAL[probs[(l * record.T + t) * record.tracked.length + slot]]; });
  return values;
}

/** The largest p of any patch, layer by layer. @param {LensPage} record @param {SaidWord} word */
export const mostByLayer = (record, word) => record.layers.map((_, l) => readsAs(record, word, l).reduce((a, b) => (b > a ? b : a), 0));

/** log p lost when a patch is replaced: summed over the word's tokens, since log p of the word is. @param {LensPage} record @param {SaidWord} word */
export function dependsOn(record, word) {
  const values = summed(record.blocks.ablate_patch, word, record.imagePositions.length);
  return values && signedMap(values, LEAST.depends);
}

/** The drops of random sets of as many patches, smallest first. @param {LensPage} record @param {SaidWord} word */
export function controlDrops(record, word) {
  const control = record.blocks.ablate_control;
  const count = control ? control.length / record.answerPositions.length : 0;
  return summed(control, word, count)?.sort() ?? null;
}

/** Logits that each patch wrote straight to the word's first token, against its contrast. @param {LensPage} record @param {SaidWord} word */
export function writesDirectly(record, word) {
  const wrote = record.blocks.wrote_patch;
  const count = record.imagePositions.length;
  return wrote ? signedMap(wrote.slice(word.first * count, (word.first + 1) * count), LEAST.writes) : null;
}

/** The token that the word's first one is contrasted with, as a row of the token table; −1 for none. @param {LensPage} record @param {SaidWord} word */
export const contrastOf = (record, word) => record.blocks.against_index?.[word.first] ?? -1;

/** log p lost when attention is blocked, band by band. @param {LensPage} record @param {SaidWord} word @returns {Band[]} */
export function knockedOut(record, word) {
  const { knockout_drop: drop, knockout_bands: bands } = record.blocks;
  if (!drop || !bands) return [];
  const count = bands.length / 2;
  const values = /** @type {Float32Array} */ (summed(drop, word, count * ROUTES.length));
  return Array.from({ length: count }, (_, b) => {
    const [first, last] = [bands[2 * b], bands[2 * b + 1]];
    return { first, last, label: first === last ? `${first}` : `${first}–${last}`, drops: ROUTES.map((_, r) => values[b * ROUTES.length + r]) };
  });
}

/** What attention and MLP of every layer wrote to the word's first token, against its contrast. @param {LensPage} record @param {SaidWord} word @returns {Written|null} */
export function writtenByLayer(record, word) {
  const { wrote, wrote_rest: rest } = record.blocks;
  if (!wrote || !rest) return null;
  const count = wrote.length / record.answerPositions.length;
  const parts = wrote.subarray(word.first * count, (word.first + 1) * count);
  return {
    embedding: parts[0], rest: rest[word.first],
    attention: Array.from(parts).filter((_, n) => n % 2 === 1),
    mlp: Array.from(parts).filter((_, n) => n > 0 && n % 2 === 0),
  };
}

/**
 * Rows (answer token, value) summed over the word's tokens.
 * @param {Float32Array|undefined} rows
 * @param {SaidWord} word
 * @param {number} count values in a row
 */
function summed(rows, word, count) {
  if (!rows) return null;
  const sum = new Float32Array(count);
  for (let a = word.first; a < word.last; a += 1) for (let n = 0; n < count; n += 1) sum[n] += rows[a * count + n];
  return sum;
}

/** @param {Float32Array} values @param {number} least @returns {SignedMap} */
function signedMap(values, least) {
  return { values, limit: values.reduce((most, value) => Math.max(most, Math.abs(value) || 0), least) };
}

/** The number of a patch, with its unit. @param {MapKind} kind @param {number} value */
export function valueText(kind, value) {
  if (Number.isNaN(value)) return "–";
  if (kind === "reads") return `p ${formatProb(value)}`;
  const sign = value > 0 ? "+" : "";
  return kind === "depends" ? `${sign}${formatNumber(value)} nats` : `${sign}${formatNumber(value)} logits`;
}

/** What the maps of a word say of a position that is a patch. @param {LensPage} record @param {number} number of the word, −1 for none @param {number} t @returns {[string, string][]} */
export function wordFacts(record, number, t) {
  const word = saidWords(record)[number];
  const n = record.patchNumber.get(t);
  if (!word || n === undefined) return [];
  const maps = /** @type {const} */ ([["depends", dependsOn(record, word)], ["writes", writesDirectly(record, word)]]);
  return maps.flatMap(([kind, map]) => (map ? [[`${word.text} ${TITLES[kind]}`, valueText(kind, map.values[n])]] : []));
}
