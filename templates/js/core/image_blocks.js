/**
 * Image positions in a row, as the grid folds them. Pure.
 */
/** @import { LensPage } from "./record.js" */

/**
 * Image positions that follow one another and lie in the same view.
 * @typedef {{start: number, end: number, view: number, patches: number}} ImageBlock
 */
/** @type {WeakMap<LensPage, ImageBlock[]>} */
const imageBlocksOf = new WeakMap();

/**
 * The image blocks of a record, in order. A position without a place (a tile may end its lines with
 * one) belongs to the view before it.
 * @param {LensPage} record
 * @returns {ImageBlock[]}
 */
export function imageBlocks(record) {
  const blocks = imageBlocksOf.get(record) ?? makeImageBlocks(record);
  imageBlocksOf.set(record, blocks);
  return blocks;
}

/** @param {LensPage} record */
function makeImageBlocks(record) {
  /** @type {ImageBlock[]} */
  const blocks = [];
  /** @type {ImageBlock|null} */
  let block = null;
  for (let t = 0; t < record.T; t += 1) {
    if (record.kind(t) !== 1) { block = null; continue; }
    const view = record.view(t);
    if (!block || (view >= 0 && block.view >= 0 && view !== block.view)) {
      block = { start: t, end: t, view, patches: 0 };
      blocks.push(block);
    }
    if (block.view < 0) block.view = view;
    if (view >= 0) block.patches += 1;
    block.end = t + 1;
  }
  // without places there is only one view
  return blocks.map((one) => (one.view < 0 ? { ...one, view: 0, patches: one.end - one.start } : one));
}
