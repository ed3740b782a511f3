/**
 * The pinned positions with their numbers: the same on the picture, in the charts and on a figure. Pure.
 */
/** @import { Cell } from "./state_values.js" */

/** @typedef {{number: number, position: number, layers: number[]}} PinnedPosition layers: where it was pinned, ascending */

/** @param {Cell[]} pins the oldest first @returns {PinnedPosition[]} in the order in which they were first pinned */
export function pinnedPositions(pins) {
  /** @type {Map<number, PinnedPosition>} */
  const found = new Map();
  for (const { layer, position } of pins) {
    const pin = found.get(position) ?? { number: found.size + 1, position, layers: [] };
    pin.layers = [...pin.layers, layer].sort((a, b) => a - b);
    found.set(position, pin);
  }
  return [...found.values()];
}
