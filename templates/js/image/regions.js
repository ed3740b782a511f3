/**
 * Regions of neighbouring patches that read as the same word: which there are, which of them are
 * named on the picture, and where their names stand. Pure.
 */
import { isFragment, isWordless } from "../core/fragments.js";
import { apart, fitWord, pictureWord } from "./words.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { PatchSet } from "./map.js" */

/** Below this probability a patch's top token says nothing: it is not written on the picture. */
export const AT_CHANCE = 0.05;
const SURE = 0.35; // summed probability of a region that is named
const AGAIN = 0.25; // of the largest region of its word, for another one of it to be named
const UNLIKELY = 0.25; // weight of what is no word

/**
 * @typedef {object} WordRegion
 * @property {number} token row of the token table
 * @property {number[]} members places in the set
 * @property {number} anchor the member deepest inside
 * @property {number} score summed probability
 */

/**
 * All regions of neighbours (corners too) with the same top token, the surest first.
 * @param {LensPage} record
 * @param {PatchSet} set
 * @param {number} layer
 * @param {number} [least] probability of a patch that belongs to one
 * @returns {WordRegion[]}
 */
export function wordRegions(record, set, layer, least = AT_CHANCE) {
  const count = set.positions.length;
  const sure = Float64Array.from(set.positions, (t) => record.topProb(layer, t, 0));
  const tokens = Int32Array.from(set.positions, (t, n) => (sure[n] >= least ? record.topIndex(layer, t, 0) : -1));
  const seen = new Uint8Array(count);
  const regions = [];
  for (let first = 0; first < count; first += 1) {
    if (seen[first] || tokens[first] < 0) continue;
    const members = [first];
    seen[first] = 1;
    for (let at = 0; at < members.length; at += 1) {
      for (let k = 8 * members[at]; k < 8 * members[at] + 8; k += 1) {
        const next = set.beside[k];
        if (next < 0 || seen[next] || tokens[next] !== tokens[first]) continue;
        seen[next] = 1;
        members.push(next);
      }
    }
    const score = members.reduce((sum, n) => sum + sure[n], 0);
    regions.push({ token: tokens[first], members, anchor: deepest(set, members), score });
  }
  return regions.sort((a, b) => b.score - a.score || a.anchor - b.anchor);
}

/**
 * The member farthest from the edge, so that a name there lies on its region and not in a bay of it:
 * the edge is peeled off until nothing would be left.
 * @param {PatchSet} set
 * @param {number[]} members
 */
function deepest(set, members) {
  if (members.length < 3) return members[0];
  let core = members;
  for (let next = members; next.length; next = peeled(set, next)) core = next;
  const middle = (/** @type {number} */ n, /** @type {0|1} */ side) => (set.boxes[4 * n + side] + set.boxes[4 * n + side + 2]) / 2;
  const mean = /** @type {(0|1)[]} */ ([0, 1]).map((side) => core.reduce((sum, n) => sum + middle(n, side), 0) / core.length);
  const far = (/** @type {number} */ n) => (middle(n, 0) - mean[0]) ** 2 + (middle(n, 1) - mean[1]) ** 2;
  return core.reduce((best, n) => (far(n) < far(best) ? n : best));
}

/** @param {PatchSet} set @param {number[]} members @returns {number[]} those with members on all sides */
function peeled(set, members) {
  const inside = new Set(members);
  return members.filter((n) => {
    for (let k = 8 * n; k < 8 * n + 8; k += 1) if (!inside.has(set.beside[k])) return false;
    return true;
  });
}

/**
 * Those worth a name, in the order in which they get one: every word once before any twice, words
 * before pieces of words.
 * @param {LensPage} record
 * @param {WordRegion[]} regions the surest first
 * @param {number[]} only rows of the token table; where there are some, regions of these alone
 * @returns {WordRegion[]}
 */
export function namedRegions(record, regions, only = []) {
  /** @type {Map<number, {times: number, most: number}>} */
  const words = new Map();
  const weighed = [];
  for (const region of regions) {
    const { token, score } = region;
    if (score < SURE) break; // as all that follow
    if (only.length && !only.includes(token)) continue;
    const word = words.get(token) ?? { times: 0, most: score };
    words.set(token, word);
    if (score < AGAIN * word.most) continue;
    const likely = isFragment(record, token) || isWordless(record, token) ? UNLIKELY : 1;
    weighed.push({ region, weight: (likely * score) / 4 ** word.times });
    word.times += 1;
  }
  return weighed.sort((a, b) => b.weight - a.weight || a.region.anchor - b.region.anchor).map((one) => one.region);
}

/**
 * Is there room for the word of every patch? The whole picture stays in sight, one who zooms in wants
 * the words; without zoom it is the same in every window.
 * @param {PatchSet} set
 * @param {number} zoom
 * @param {{width: number, height: number}} patch as shown, in CSS pixels
 */
export function eachHasRoom(set, zoom, { width, height }) {
  if (zoom > 1.001) return width >= 30 && height >= 15;
  const [left, top, right, bottom] = set.extent;
  const scale = ROOM / Math.max(right - left, bottom - top);
  return set.patch.width * scale >= 44 && set.patch.height * scale >= 22;
}

/** The room that names are chosen for, in CSS pixels: about that of the smallest window. */
const ROOM = 236;
const ROOM_EACH = 4200; // square pixels of picture for a name
export const NAME_SIZE = 11;

/**
 * @typedef {object} RegionName
 * @property {WordRegion} region
 * @property {string} text
 * @property {number} wide pixels
 * @property {number} x of its middle, in pixels of the original
 * @property {number} y
 * @property {number} up pixels that it stands above that point
 */

/**
 * The names to write: chosen for one small room, so that they are the same in every window, and in
 * larger ones only move apart. Zoomed in twofold there is room for more, and so on.
 * @param {LensPage} record
 * @param {PatchSet} set
 * @param {WordRegion[]} regions as `namedRegions` orders them
 * @param {number} zoom 1 or more
 * @param {(text: string) => number} measure
 * @returns {RegionName[]}
 */
export function regionNames(record, set, regions, zoom, measure) {
  const [left, top, right, bottom] = set.extent;
  const scale = (ROOM / Math.max(right - left, bottom - top)) * 2 ** Math.floor(Math.log2(zoom) + 1e-6);
  const most = Math.ceil(((right - left) * (bottom - top) * scale ** 2) / ROOM_EACH);
  /** @type {{name: RegionName, left: number, top: number, width: number, height: number}[]} */
  const kept = [];
  for (const region of regions) {
    if (kept.length >= most) break;
    const text = fitWord(pictureWord(record.text(region.token)), 110, measure);
    if (!text.trim()) continue;
    const wide = measure(text);
    for (const spot of nameSpots(set, region, wide, scale)) {
      const name = { region, text, wide, ...spot };
      const label = { name, ...nameBox(name, { scale, x: 0, y: 0 }, set) };
      if (apart([...kept, label], Infinity).length === kept.length) continue; // it would cover another
      kept.push(label);
      break;
    }
  }
  return kept.map((label) => label.name);
}

/**
 * A name stands inside of a region that has room for it, else above, or below: it would hide it.
 * @param {PatchSet} set
 * @param {WordRegion} region
 * @param {number} wide
 * @param {number} scale
 */
function nameSpots(set, { members, anchor }, wide, scale) {
  const { boxes, beside } = set;
  const inside = new Set(members);
  let [first, last] = [anchor, anchor]; // of the run of members in its row
  while (inside.has(beside[8 * first + 3])) first = beside[8 * first + 3];
  while (inside.has(beside[8 * last + 1])) last = beside[8 * last + 1];
  const within = { x: (boxes[4 * anchor] + boxes[4 * anchor + 2]) / 2, y: (boxes[4 * anchor + 1] + boxes[4 * anchor + 3]) / 2, up: 0 };
  const runs = (boxes[4 * last + 2] - boxes[4 * first]) * scale;
  const [top, bottom] = [Math.min(...members.map((n) => boxes[4 * n + 1])), Math.max(...members.map((n) => boxes[4 * n + 3]))];
  const over = (/** @type {number} */ side, /** @type {number} */ edge) => {
    const row = members.filter((n) => Math.abs(boxes[4 * n + side] - edge) < set.patch.height / 2);
    return row.reduce((sum, n) => sum + (boxes[4 * n] + boxes[4 * n + 2]) / 2, 0) / row.length;
  };
  const away = NAME_SIZE / 2 + 4;
  const around = [{ x: over(1, top), y: top, up: away }, { x: over(3, bottom), y: bottom, up: -away }];
  return runs >= wide + 6 ? [within, ...around] : around;
}

/**
 * Where a name lies on a stage; the edge of the patches holds it back.
 * @param {RegionName} name
 * @param {{scale: number, x: number, y: number}} map
 * @param {PatchSet} set
 */
export function nameBox({ x, y, up, wide }, map, { extent }) {
  const [left, top, right, bottom] = extent.map((edge, n) => edge * map.scale + (n % 2 ? map.y : map.x));
  const [across, down] = [wide / 2 + 4, NAME_SIZE / 2 + 3];
  const within = (/** @type {number} */ at, /** @type {number} */ low, /** @type {number} */ high) => Math.max(low, Math.min(high, at));
  const middle = within(x * map.scale + map.x, left + across, right - across);
  const height = within(y * map.scale + map.y - up, top + down, bottom - down);
  return { left: middle - across, top: height - down, width: 2 * across, height: 2 * down };
}
