/**
 * Places: connected patches that read as the same thing. One patch may read as a word by accident,
 * neighbours rarely do, so places are ranked by what their patches add up to. Pure.
 * Readings below a tenth of the word's highest probability make no place: they join what does not
 * belong together. Where nothing lies on a picture, neighbours are those that follow each other in the sequence.
 *
 *   const { places, layers } = readingsOf(record, [record.indexOf(2323)]);
 *   places[0]; // {layer: 23, positions: [134, …], sum: 8.7, peak: 207, best: 0.98, onTop: 11}
 */
import { knownCells } from "./token_prob.js";
/** @import { LensBlocks, LensPage } from "./record.js" */
/** @import { State } from "./state.js" */

/**
 * @typedef {object} Place
 * @property {number} layer index
 * @property {number[]} positions ascending
 * @property {number} sum of their probabilities
 * @property {number} peak the position with the highest of them
 * @property {number} best that probability
 * @property {number} onTop so many have it as their top token
 */

/**
 * @typedef {object} LayerReading
 * @property {number} count positions with the token among their top k
 * @property {number} onTop positions that have it on top
 * @property {number} strong positions that places are made of
 * @property {number} parts in how many places they fall
 * @property {number} sum of their probabilities
 */

/** @typedef {{places: Place[], layers: LayerReading[], ground: Ground}} Readings places: the strongest first, each where it peaks */

const FAINT = 0.1; // of the highest probability
/** Down and right: the four sides, then the corners. */
const STEPS_AROUND = [[-1, 0], [0, 1], [1, 0], [0, -1], [-1, -1], [-1, 1], [1, 1], [1, -1]];

/** @typedef {{positions: number[], beside: Int32Array, one: string, many: string}} Ground positions that can read as a word; 8 neighbours of each position, −1 for none; what one is called */
/** @type {WeakMap<LensPage, Ground[]>} */
const groundsOf = new WeakMap();

/**
 * What can read as a word: the patches; then, for words that none of them reads as, all positions.
 * @param {LensPage} record
 */
export function grounds(record) {
  const made = groundsOf.get(record) ?? [...(record.imagePositions.length ? [patchGround(record)] : []), sequenceGround(record)];
  groundsOf.set(record, made);
  return made;
}

/** Positions that follow each other are neighbours. @param {LensPage} record @returns {Ground} */
function sequenceGround(record) {
  const beside = new Int32Array(8 * record.T).fill(-1);
  for (let t = 1; t < record.T; t += 1) [beside[8 * t - 8], beside[8 * t + 1]] = [t, t - 1];
  return { positions: Array.from({ length: record.T }, (_, t) => t), beside, one: "position", many: "positions" };
}

/** Patches that touch each other on the picture are; those without a place there stand alone. @param {LensPage} record @returns {Ground} */
function patchGround(record) {
  const beside = new Int32Array(8 * record.T).fill(-1);
  const keyOf = (/** @type {number} */ t, /** @type {number} */ row, /** @type {number} */ column) => (record.view(t) * 65536 + row) * 65536 + column;
  const placed = record.placed.flatMap((t) => {
    const place = record.place(t);
    return place ? [{ t, ...place }] : [];
  });
  const at = new Map(placed.map(({ t, row, column }) => [keyOf(t, row, column), t]));
  for (const { t, row, column } of placed) {
    STEPS_AROUND.forEach(([down, right], k) => {
      if (row + down >= 0 && column + right >= 0) beside[8 * t + k] = at.get(keyOf(t, row + down, column + right)) ?? -1;
    });
  }
  return { positions: placed.length ? placed.map(({ t }) => t) : record.imagePositions, beside, one: "patch", many: "patches" };
}

/**
 * Sets of positions that touch each other, step by step.
 * @param {Ground} ground
 * @param {number[]} members
 * @param {(a: number, b: number) => boolean} alike do two neighbours belong together?
 * @returns {number[][]} each ascending
 */
export function connected({ beside }, members, alike) {
  const open = new Uint8Array(beside.length / 8);
  for (const t of members) open[t] = 1;
  const parts = [];
  for (const first of members) {
    if (!open[first]) continue;
    open[first] = 0;
    const part = [first];
    for (let at = 0; at < part.length; at += 1) {
      for (let k = 8 * part[at]; k < 8 * part[at] + 8; k += 1) {
        const next = beside[k];
        if (next >= 0 && open[next] && alike(part[at], next)) {
          open[next] = 0;
          part.push(next);
        }
      }
    }
    parts.push(part.sort((a, b) => a - b));
  }
  return parts;
}

/**
 * Where tokens are read: every cell that has one of them among its top k.
 * @param {LensPage} record
 * @param {number[]} indices rows of the token table
 * @returns {Readings}
 */
export function readingsOf(record, indices) {
  const sums = new Float64Array(record.L * record.T);
  const found = new Uint8Array(record.L * record.T); // 1 among the top k, 2 on top
  knownCells(record, indices, (cell, p, rank) => {
    sums[cell] = Math.min(1, sums[cell] + p);
    if (rank < record.K) found[cell] = Math.max(found[cell], rank === 0 ? 2 : 1);
  });
  const all = grounds(record);
  const ground = all.find(({ positions }) => record.layers.some((_, l) => positions.some((t) => found[l * record.T + t]))) ?? all[0];
  const read = record.layers.map((_, l) => ground.positions.filter((t) => found[l * record.T + t]));
  const most = read.reduce((best, positions, l) => positions.reduce((p, t) => Math.max(p, sums[l * record.T + t]), best), 0);
  const parts = read.map((seen, layer) => {
    const from = layer * record.T;
    return connected(ground, seen.filter((t) => sums[from + t] >= FAINT * most), () => true)
      .map((positions) => placeOfPart(positions, layer, (t) => sums[from + t], (t) => found[from + t] === 2));
  });
  const layers = parts.map((places, l) => ({
    count: read[l].length, onTop: read[l].filter((t) => found[l * record.T + t] === 2).length, parts: places.length,
    strong: places.reduce((count, place) => count + place.positions.length, 0), sum: places.reduce((sum, place) => sum + place.sum, 0),
  }));
  return { places: strongest(ground, parts.flat()), layers, ground };
}

/**
 * @param {number[]} positions
 * @param {number} layer
 * @param {(t: number) => number} p
 * @param {(t: number) => boolean} isTop
 * @returns {Place}
 */
function placeOfPart(positions, layer, p, isTop) {
  const peak = positions.reduce((best, t) => (p(t) > p(best) ? t : best));
  return { layer, positions, sum: positions.reduce((sum, t) => sum + p(t), 0), peak, best: p(peak), onTop: positions.filter(isTop).length };
}

/**
 * Each place once, at the layer where it is strongest: the parts in the order of their sums,
 * without those that touch one that came before, at whatever layer.
 * @param {Ground} ground
 * @param {Place[]} parts
 */
function strongest({ beside }, parts) {
  /** @type {Set<number>} */
  const taken = new Set();
  return parts.sort((a, b) => b.sum - a.sum || a.layer - b.layer || a.peak - b.peak).filter(({ positions }) => {
    if (positions.some((t) => taken.has(t))) return false;
    for (const t of positions) {
      taken.add(t);
      for (let k = 8 * t; k < 8 * t + 8; k += 1) if (beside[k] >= 0) taken.add(beside[k]);
    }
    return true;
  });
}

/** @typedef {Place & {index: number}} SurePlace index: the row of the token table that its positions have on top */

/**
 * What a layer is surest of: neighbours with the same top token, by the surest patch of each.
 * @param {LensPage} record
 * @param {number} layer index
 * @returns {SurePlace[]}
 */
export function surestPlaces(record, layer) {
  const [ground] = grounds(record);
  const top = (/** @type {number} */ t) => record.topIndex(layer, t, 0);
  return connected(ground, ground.positions, (a, b) => top(a) === top(b))
    .map((positions) => ({ ...placeOfPart(positions, layer, (t) => record.topProb(layer, t, 0), () => true), index: top(positions[0]) }))
    .sort((a, b) => b.best - a.best || b.sum - a.sum || a.peak - b.peak);
}

/** @typedef {{key: string, readings: Readings|null, places: (Place|SurePlace)[]}} PlacesMade */
/** @type {WeakMap<LensBlocks, PlacesMade>} by lens */
const lastMade = new WeakMap();

/**
 * The places that `n` walks: those of the chosen tokens, or what the layer shown is surest of.
 * Made once per choice, for all panels; subscribe to `tokens`, `layer` and `lens`.
 * @param {LensPage} record
 * @param {State} state
 * @returns {PlacesMade} readings: of the chosen tokens
 */
export function placesNow(record, state) {
  const indices = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
  const key = indices.length ? `${indices}` : `layer ${state.get("layer")}`;
  let last = lastMade.get(record.blocks);
  if (last?.key !== key) {
    const readings = indices.length ? readingsOf(record, indices) : null;
    last = { key, readings, places: readings?.places ?? surestPlaces(record, state.get("layer")) };
    lastMade.set(record.blocks, last);
  }
  return last;
}

/** Number of the place that the selection is in, −1 for none. @param {Place[]} places @param {State} state */
export function placeNumber(places, state) {
  const cell = state.get("cell");
  return cell ? places.findIndex(({ layer, positions }) => layer === cell.layer && positions.includes(cell.position)) : -1;
}
