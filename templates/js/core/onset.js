/**
 * From which layer a token is read, until which, and where most: layer by layer counts → one
 * sentence. Pure.
 *
 *   onsetSentence(record, readingsOf(record, [i]));
 *   // "In the top 5 from layer 12, on top from 14 (steadily 17–32), strongest at 23: 16 patches in 4 places; still there at 32."
 */
import { formatCount, formatProb } from "./format.js";
import { probOf, rankOf } from "./token_prob.js";
/** @import { LayerReading, Readings } from "./places.js" */
/** @import { LensPage } from "./record.js" */

/** @typedef {{first: number, last: number, from: number, to: number}} Spell layer indices: the first and the last at all, and the unbroken run around the strongest */
/** @typedef {{peak: number, read: Spell, top: Spell|null, layers: LayerReading[]}} Onset peak: the layer index with the largest sum; top: null where it is never on top */

/**
 * @param {LayerReading[]} layers
 * @returns {Onset|null} null where no layer reads it
 */
export function onsetOf(layers) {
  const peak = layers.reduce((best, layer, l) => (layer.count > 0 && (best < 0 || layer.sum > layers[best].sum) ? l : best), -1);
  if (peak < 0) return null;
  const read = onsetSpell(layers.map((layer) => layer.count > 0), peak);
  return { peak, read, top: layers.some((layer) => layer.onTop > 0) ? onsetSpell(layers.map((layer) => layer.onTop > 0), peak) : null, layers };
}

/** @param {boolean[]} is @param {number} around @returns {Spell} where it is not there, the run before it is taken */
function onsetSpell(is, around) {
  const before = is.lastIndexOf(true, around);
  const middle = before >= 0 ? before : is.indexOf(true);
  let [from, to] = [middle, middle];
  while (is[from - 1]) from -= 1;
  while (is[to + 1]) to += 1;
  return { first: is.indexOf(true), last: is.lastIndexOf(true), from, to };
}

/** " (steadily 17–32)", where it came or went in between. @param {LensPage} record @param {Spell} spell */
function steadyPart(record, { first, last, from, to }) {
  if (first === from && last === to) return "";
  return from === to ? ` (alone at ${layerNumber(record, from)})` : ` (steadily ${layerNumber(record, from)}–${layerNumber(record, to)})`;
}

/** @param {LensPage} record @param {number} l */
const layerNumber = (record, l) => String(record.layers[l]);

/** From which layer on: the embeddings have a name and no number. @param {LensPage} record @param {number} l */
const onsetStart = (record, l) => (record.layers[l] === 0 ? "from the embeddings" : `from ${record.layerName(l)}`);

/**
 * The story of tokens over all patches.
 * @param {LensPage} record
 * @param {Readings} readings
 */
export function onsetSentence(record, { layers, ground: { one, many } }) {
  const onset = onsetOf(layers);
  if (!onset) return `Never in the top ${record.K} of a ${one}.`;
  const { strong, parts } = layers[onset.peak];
  const where = strong === 1 ? `a lone ${one}` : `${formatCount(strong, one, many)} in ${formatCount(parts, "place")}`;
  return `${onsetSpells(record, onset)}, strongest at ${layerNumber(record, onset.peak)}: ${where}; ${onsetEnd(record, onset)}.`;
}

/**
 * The story of tokens at one position, short: "top 5 at 12–32, on top 17–32, most at 23 (0.981)".
 * @param {LensPage} record
 * @param {Onset|null} onset of `readingsAt`
 */
export function onsetAt(record, onset) {
  if (!onset) return `never in the top ${record.K}`;
  const { read, top, peak, layers } = onset;
  const range = (/** @type {Spell} */ spell) => `${layerNumber(record, spell.first)}${spell.last > spell.first ? `–${layerNumber(record, spell.last)}` : ""}${steadyPart(record, spell)}`;
  return `top ${record.K} at ${range(read)}, ${top ? `on top ${range(top)}` : "never on top"}, most at ${layerNumber(record, peak)} (${formatProb(layers[peak].sum)})`;
}

/** @param {LensPage} record @param {Onset} onset */
function onsetSpells(record, { read, top }) {
  const onTop = top ? `on top from ${layerNumber(record, top.first)}${steadyPart(record, top)}` : "never on top";
  return `In the top ${record.K} ${onsetStart(record, read.first)}${steadyPart(record, read)}, ${onTop}`;
}

/** @param {LensPage} record @param {Onset} onset */
const onsetEnd = (record, { read }) => (read.last === record.L - 1 ? `still there at ${layerNumber(record, read.last)}` : `gone by ${layerNumber(record, read.last + 1)}`);

/**
 * The layers of one position, in the form of `readingsOf`.
 * @param {LensPage} record
 * @param {number} t
 * @param {number[]} indices rows of the token table
 * @returns {LayerReading[]}
 */
export function readingsAt(record, t, indices) {
  return record.layers.map((_number, l) => {
    const { value: rank, known } = rankOf(record, l, t, indices);
    const seen = known && rank < record.K ? 1 : 0;
    return { count: seen, onTop: seen && rank === 0 ? 1 : 0, sum: seen ? probOf(record, l, t, indices).value : 0, strong: seen, parts: seen };
  });
}
