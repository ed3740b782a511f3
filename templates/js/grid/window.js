/**
 * What of a huge sheet is visible. Pure.
 */
/** @import { LensPage } from "../core/record.js" */

/** Sizes in pixels: a row (and a thumbnail in it), a column, the line of layer numbers, the row headers. */
export const GRID = { row: 24, column: 68, head: 26, side: 104 };

/** Width of a column: few layers share the room, up to a point. @param {number} room @param {number} layers */
function columnWidth(room, layers) {
  return Math.max(GRID.column, Math.min(112, Math.floor(room / layers)));
}

/**
 * @typedef {object} GridColumns
 * @property {number} width of one
 * @property {number} room what the columns that move have
 * @property {boolean} keeps does the last one stay at the edge?
 * @property {(l: number) => number} x left edge
 * @property {(l: number) => number} under how much of it lies beneath the last one
 * @property {(x: number) => number} at which one is there; may be past the last
 * @property {number[]} shown the visible ones, those beneath first
 */

/**
 * Where the columns are, in pixels from the row headers on. The last layer is what the model says:
 * where not all fit, it stays at the right edge and the others pass beneath it. (On a very narrow
 * screen it would take too much of the room.)
 * @param {number} room
 * @param {number} layers
 * @param {number} scroll
 * @returns {GridColumns}
 */
export function gridColumns(room, layers, scroll) {
  const width = columnWidth(room, layers);
  const last = layers - 1;
  const keeps = width * layers > room && room >= 3 * width;
  const edge = room - width;
  const x = (/** @type {number} */ l) => (keeps && l === last ? edge : l * width - scroll);
  const [from, to] = visibleRange(scroll, keeps ? edge : room, width, keeps ? last : layers);
  const shown = Array.from({ length: to - from }, (_, n) => from + n);
  if (keeps) shown.push(last);
  return {
    width, keeps, x, shown,
    room: keeps ? edge : room,
    under: (l) => (keeps && l !== last ? Math.max(0, x(l) + width - edge) : 0),
    at: (px) => (keeps && px >= edge ? last : Math.floor((px + scroll) / width)),
  };
}

/** What stands at the head of a column. @param {LensPage} record @param {number} l */
export const gridLayerName = (record, l) => (record.layers[l] === 0 ? "embed" : String(record.layers[l]));

/**
 * Items that a viewport shows, also in part.
 * @param {number} scroll pixels scrolled
 * @param {number} room pixels of the viewport
 * @param {number} size pixels of an item
 * @param {number} count items
 * @returns {[number, number]} first, one past the last
 */
export function visibleRange(scroll, room, size, count) {
  const first = Math.max(0, Math.floor(scroll / size));
  return [Math.min(first, count), Math.max(0, Math.min(count, Math.ceil((scroll + room) / size)))];
}

/**
 * The least scrolling that shows an item whole, with its neighbours when there is room.
 * @param {number} scroll pixels scrolled
 * @param {number} room pixels of the viewport
 * @param {number} size pixels of an item
 * @param {number} index of the item
 * @param {number} [margin] pixels to keep on either side
 * @returns {number} the new scroll
 */
export function scrollToShow(scroll, room, size, index, margin = 0) {
  const start = index * size;
  const keep = Math.max(0, Math.min(margin, (room - size) / 2));
  if (start - keep < scroll) return Math.max(0, start - keep);
  if (start + size + keep > scroll + room) return start + size + keep - room;
  return scroll;
}

/**
 * Where a key moves the cursor in a grid.
 * @param {string} key
 * @param {boolean} far with Ctrl or Cmd
 * @param {{row: number, column: number}} at
 * @param {{rows: number, columns: number, page: number}} grid
 * @returns {{row: number, column: number}|null} null: not a key that moves
 */
export function moveCursor(key, far, at, grid) {
  /** @type {Object<string, [number, number]>} rows down, columns right */
  const moves = {
    ArrowLeft: [0, far ? -Infinity : -1], ArrowRight: [0, far ? Infinity : 1],
    ArrowUp: [far ? -Infinity : -1, 0], ArrowDown: [far ? Infinity : 1, 0],
    PageUp: [-grid.page, 0], PageDown: [grid.page, 0],
    Home: [far ? -Infinity : 0, -Infinity], End: [far ? Infinity : 0, Infinity],
  };
  if (!Object.hasOwn(moves, key)) return null;
  const [down, right] = moves[key];
  const into = (/** @type {number} */ n, /** @type {number} */ count) => Math.max(0, Math.min(count - 1, n));
  return { row: into(at.row + down, grid.rows), column: into(at.column + right, grid.columns) };
}
