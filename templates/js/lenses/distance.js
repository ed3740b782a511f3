/**
 * How far each layer is from the final answer, through each lens: KL(p_N ‖ p_l) of many positions as
 * median and quartiles, and the layer by which half of the patches read as their final word. Pure.
 *
 *   distanceOf(record).groups[0].lenses[1].quartiles[12]; // {low, middle, high}: patches, the second lens
 */
import { DECIMAL } from "../core/decimal.js";
import { formatCount } from "../core/format.js";
/** @import { LensPage } from "../core/record.js" */

/** @typedef {{low: number, middle: number, high: number}} Quartiles nats; NaN where nothing was recorded */
/** @typedef {{name: string, quartiles: Quartiles[]}} LensDistance quartiles: by layer index */
/** @typedef {{name: string, count: number, lenses: LensDistance[]}} DistanceGroup count: of positions */

const UNKNOWN = 65535;

/**
 * Patches and text apart: they are not read alike.
 * @param {LensPage} record
 * @returns {{groups: DistanceGroup[], most: number}} most: the end of an axis that holds all of them
 */
export function distanceOf(record) {
  const text = Array.from(record.kinds.keys()).filter((t) => record.kinds[t] !== 1);
  const groups = [{ name: "patches", positions: record.imagePositions }, { name: "text", positions: text }].filter(({ positions }) => positions.length)
    .map(({ name, positions }) => ({ name, count: positions.length, lenses: record.everyLens.map((one) => ({ name: one.lensTitle, quartiles: klQuartiles(one, positions) })) }));
  const ends = groups.flatMap(({ lenses }) => lenses.flatMap(({ quartiles }) => quartiles.map(({ high }) => high))).filter((high) => high > 0);
  return { groups, most: ends.reduce((a, b) => Math.max(a, b), 0) || 1 };
}

/** @param {LensPage} record @param {number[]} positions @returns {Quartiles[]} */
function klQuartiles(record, positions) {
  const codes = record.blocks.kl ?? new Uint16Array(record.L * record.T).fill(UNKNOWN);
  return record.layers.map((_, l) => {
    const sorted = Uint16Array.from(positions, (t) => codes[l * record.T + t]).sort(); // codes are in the order of what they stand for
    const unknown = sorted.indexOf(UNKNOWN);
    const known = unknown < 0 ? sorted : sorted.subarray(0, unknown);
    return { low: quantileOf(known, 0.25), middle: quantileOf(known, 0.5), high: quantileOf(known, 0.75) };
  });
}

/** Between two values in proportion, as NumPy does it. @param {Uint16Array} sorted codes @param {number} part 0..1 */
function quantileOf(sorted, part) {
  if (sorted.length === 0) return NaN;
  const at = part * (sorted.length - 1);
  const [below, above] = [DECIMAL[sorted[Math.floor(at)]], DECIMAL[sorted[Math.ceil(at)]]];
  return below + (above - below) * (at - Math.floor(at));
}

/** The first layer index by which half of the positions have come to their final top token, to stay. @param {LensPage} record @param {number[]} positions */
export function halfDecided(record, positions) {
  const decided = Uint32Array.from(positions, (t) => record.decision(t)).sort();
  return decided[Math.ceil(decided.length / 2) - 1];
}

/** The same in words, for each lens. @param {LensPage} record */
export function halfSentence(record) {
  const patches = record.imagePositions.length > 0;
  const positions = patches ? record.imagePositions : Array.from(record.kinds.keys());
  const parts = record.everyLens.map((one) => {
    const l = halfDecided(one, positions);
    const from = record.layers[l] === 0 ? "the embeddings" : record.layerName(l);
    return `${from} on${record.hasLenses ? ` through the ${one.lensTitle}` : ""}`;
  });
  return `Half of the ${formatCount(positions.length, patches ? "patch" : "position", patches ? "patches" : "positions")} read as their final word, and stay with it, from ${parts.join(", from ")}.`;
}
