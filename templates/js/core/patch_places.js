/**
 * Row and column of every patch in its view, told by its box. Pure.
 */
/** @import { LensPage } from "./record.js" */

/**
 * @param {LensPage} record
 * @returns {Map<number, {row: number, column: number}>} position → its place in its view
 */
export function patchPlaces(record) {
  /** @type {Map<number, {row: number, column: number}>} */
  const places = new Map();
  for (const view of record.views) {
    const patches = record.placed.filter((t) => record.view(t) === view);
    const [columns, rows] = [patchLines(record, patches, 0), patchLines(record, patches, 1)];
    for (const t of patches) places.set(t, { row: rows.get(t) ?? 0, column: columns.get(t) ?? 0 });
  }
  return places;
}

/**
 * Rows or columns, told apart by the centres of the boxes, to half a box.
 * @param {LensPage} record
 * @param {number[]} patches
 * @param {0|1} side 0: columns, 1: rows
 * @returns {Map<number, number>} position → number of its line
 */
function patchLines(record, patches, side) {
  const spans = patches.map((t) => {
    const [from, to] = [record.blocks.box[4 * t + side], record.blocks.box[4 * t + side + 2]];
    return { t, middle: (from + to) / 2, half: (to - from) / 2 };
  });
  const lines = new Map();
  let line = -1;
  let last = -Infinity;
  for (const { t, middle, half } of spans.sort((a, b) => a.middle - b.middle)) {
    if (middle - last > half) {
      line += 1;
      last = middle;
    }
    lines.set(t, line);
  }
  return lines;
}
