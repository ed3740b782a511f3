/**
 * Which words to write on the picture: one per patch where there is room, else one per group of
 * neighbouring patches that read as the same token. Pure.
 */
/** @import { LensPage } from "../core/record.js" */
/** @import { PatchSet } from "./map.js" */

/**
 * @typedef {{token: number, anchor: number, size: number, score: number}} WordGroup anchor: place
 *   in the set of the patch nearest to the group's middle; score: summed probability
 */

/**
 * Groups of neighbours (corners too) with the same top token, the surest first, words that were
 * named already later.
 * @param {LensPage} record
 * @param {PatchSet} set
 * @param {number} layer
 * @param {number} [least] a patch alone must be at least so sure
 * @returns {WordGroup[]}
 */
export function wordGroups(record, set, layer, least = 0) {
  const count = set.positions.length;
  const tokens = Int32Array.from(set.positions, (t) => record.topIndex(layer, t, 0));
  const seen = new Uint8Array(count);
  const groups = [];
  for (let first = 0; first < count; first += 1) {
    if (seen[first]) continue;
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
    let score = 0;
    for (const n of members) score += record.topProb(layer, set.positions[n], 0);
    if (members.length < 2 && score < least) continue;
    groups.push({ token: tokens[first], anchor: groupMiddle(set, members), size: members.length, score });
  }
  return firstOfEachWord(groups.sort((a, b) => b.score - a.score || a.anchor - b.anchor));
}

/**
 * The order in which groups get their label where there is no room for all: a word that is written
 * already counts less each time, so that a tower is named before the fifth group of trees.
 * @param {WordGroup[]} groups
 */
function firstOfEachWord(groups) {
  /** @type {Map<number, number>} */
  const times = new Map();
  const weighed = groups.map((group) => {
    const before = times.get(group.token) ?? 0;
    times.set(group.token, before + 1);
    return { group, weight: group.score / 4 ** before };
  });
  return weighed.sort((a, b) => b.weight - a.weight || a.group.anchor - b.group.anchor).map((one) => one.group);
}

/** @param {PatchSet} set @param {number[]} members */
function groupMiddle(set, members) {
  if (members.length === 1) return members[0];
  const middle = (/** @type {number} */ n, /** @type {0|1} */ side) => (set.boxes[4 * n + side] + set.boxes[4 * n + side + 2]) / 2;
  const mean = /** @type {(0|1)[]} */ ([0, 1]).map((side) => members.reduce((sum, n) => sum + middle(n, side), 0) / members.length);
  const far = (/** @type {number} */ n) => (middle(n, 0) - mean[0]) ** 2 + (middle(n, 1) - mean[1]) ** 2;
  return members.reduce((best, n) => (far(n) < far(best) ? n : best));
}

/**
 * A token as it is written on the picture: without the mark of its leading space, which only
 * costs room there (tooltip and grid show it), one line.
 * @param {string} text
 */
export const pictureWord = (text) => text.replace(/^[▁Ġ ]+(?=.)/u, "").slice(0, 40);

/**
 * Text that fits a width, with an ellipsis where it must be cut; "" when not even that fits.
 * @param {string} text
 * @param {number} width
 * @param {(text: string) => number} measure
 */
export function fitWord(text, width, measure) {
  if (measure(text) <= width) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(`${letters.slice(0, middle).join("")}…`) <= width) low = middle;
    else high = middle - 1;
  }
  return low > 0 ? `${letters.slice(0, low).join("")}…` : "";
}

/**
 * Labels that do not cover each other: the first in the list wins.
 * @template {{left: number, top: number, width: number, height: number}} Label
 * @param {Label[]} labels
 * @param {number} most
 * @returns {Label[]}
 */
export function apart(labels, most) {
  /** @type {Label[]} */
  const kept = [];
  for (const label of labels) {
    if (kept.length >= most) break;
    const clash = kept.some((other) => label.left < other.left + other.width + 4 && other.left < label.left + label.width + 4
      && label.top < other.top + other.height + 4 && other.top < label.top + label.height + 4);
    if (!clash) kept.push(label);
  }
  return kept;
}
