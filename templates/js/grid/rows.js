/**
 * Which rows the grid shows. Pure: knows positions, not pixels.
 * A row is a position t ≥ 0, or a band −(t + 1) that heads the image block starting at t.
 */
import { bareQuery, formatCount } from "../core/format.js";
import { imageBlocks } from "../core/image_blocks.js";
/** @import { ImageBlock } from "../core/image_blocks.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { RowFilter } from "../core/state_values.js" */

/** Does a row head an image block? @param {number} row */
export const isBand = (row) => row < 0;
/** The band of the block that starts at t. @param {number} t */
export const bandOf = (t) => -t - 1;

/** The block that a band heads. @param {LensPage} record @param {number} row */
export function bandBlock(record, row) {
  const found = imageBlocks(record).find((block) => bandOf(block.start) === row);
  if (!found) throw new Error(`row ${row} heads no block`);
  return found;
}

/** What a band says of its block. @param {LensPage} record @param {ImageBlock} block */
export function bandText(record, block) {
  const name = record.views.length > 1 ? `${record.viewName(block.view)}, ` : "";
  return name + formatCount(block.patches, "patch", "patches");
}

/**
 * @param {LensPage} record
 * @param {{rows: RowFilter, folded: number[], pins: {position: number}[], matches: Uint8Array}} view folded: views
 * @returns {Int32Array}
 */
export function gridRows(record, view) {
  const pinned = new Set(view.pins.map((pin) => pin.position));
  /** @type {Record<RowFilter, (t: number) => boolean>} */
  const filters = {
    all: () => true,
    text: (t) => record.kind(t) === 0,
    image: (t) => record.kind(t) === 1,
    answer: (t) => record.kind(t) === 2,
    pinned: (t) => pinned.has(t),
    matches: (t) => view.matches[t] === 1,
  };
  const keep = filters[view.rows];
  const heads = new Map(view.rows === "all" ? imageBlocks(record).map((block) => [block.start, block]) : []);
  const rows = [];
  let foldedUntil = 0;
  for (let t = 0; t < record.T; t += 1) {
    const block = heads.get(t);
    if (block && block.end - t > 1) {
      rows.push(bandOf(t));
      if (view.folded.includes(block.view)) foldedUntil = block.end;
    }
    if (t < foldedUntil ? pinned.has(t) : keep(t)) rows.push(t);
  }
  return Int32Array.from(rows);
}

/**
 * Positions at which a chosen token is among the top k at any layer; without chosen tokens, those
 * at which a token that contains the query is.
 * @param {LensPage} record
 * @param {number[]} indices rows of the token table
 * @param {string} query
 * @returns {Uint8Array} (position)
 */
export function matchingPositions(record, indices, query) {
  const found = new Uint8Array(record.T);
  const wanted = new Uint8Array(record.tokenCount);
  const text = bareQuery(query);
  for (const i of indices) wanted[i] = 1;
  if (indices.length === 0 && text) {
    record.texts.forEach((token, i) => { if (token.toLowerCase().includes(text)) wanted[i] = 1; });
  }
  const { top } = record.blocks;
  for (let l = 0, from = 0; l < record.L; l += 1) {
    for (let t = 0; t < record.T; t += 1, from += record.K) {
      for (let r = 0; r < record.K && !found[t]; r += 1) found[t] = wanted[top[from + r]];
    }
  }
  return found;
}
