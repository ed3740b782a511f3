/**
 * Words as they are written on the picture: cut to what fits, and apart from each other. Pure.
 */
import { withNamesApart } from "../core/format.js";

/**
 * A token as it is written on the picture: without the mark of its leading space, which only
 * costs room there (tooltip and grid show it), one line.
 * @param {string} text
 */
export const pictureWord = (text) => withNamesApart(text.replace(/^[▁Ġ ]+(?=.)/u, "").slice(0, 40));

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
