/**
 * What of a huge sheet is visible. Pure.
 */
/** Sizes in pixels: the least of a row and of a column, the line of layer numbers, the row headers, the gap before the last column. */
export const GRID = { row: 24, column: 68, head: 26, side: 104, gap: 18 };

/** Height of a row: whole ones fill the room. @param {number} room @param {number} rows */
export function rowHeight(room, rows) {
  const fit = Math.floor(room / GRID.row);
  return fit < 1 || rows <= fit ? GRID.row : room / fit;
}

/** Columns that there is room for. @param {number} room @param {number} layers */
export const columnsThatFit = (room, layers) => (room >= layers * GRID.column ? layers : Math.floor((room - GRID.gap) / GRID.column));

/**
 * @typedef {object} GridColumns
 * @property {number} width of one
 * @property {number} room what the columns that move have
 * @property {number} most pixels that they can be scrolled
 * @property {boolean} keeps does the last one stay at the edge?
 * @property {number} gap pixels before it
 * @property {number[]} layers all that have a column
 * @property {(l: number) => number} placeOf its number among them, −1 for none
 * @property {(l: number) => number} x left edge
 * @property {(l: number) => number} wide its width: the last one takes what is over
 * @property {(l: number) => number} under how much of it lies beneath the gap and the last one
 * @property {(x: number) => number} at the layer whose column is there, Infinity for none
 * @property {number[]} shown the layers of the visible ones, those beneath first
 */

/**
 * Where the columns are, in pixels from the row headers on: as many whole ones as fit fill the room.
 * The last layer is what the model says: where not all fit, it stays at the right edge, apart, and the
 * others pass beneath it. (On a very narrow screen it would take too much of the room.)
 * @param {number} room
 * @param {number[]} layers
 * @param {number} scroll
 * @returns {GridColumns}
 */
export function gridColumns(room, layers, scroll) {
  const count = layers.length;
  const last = layers[count - 1];
  const keeps = GRID.column * count > room && room >= 3 * GRID.column + GRID.gap;
  const fit = keeps ? columnsThatFit(room, count) : count;
  const width = keeps ? Math.floor((room - GRID.gap) / fit) : Math.max(GRID.column, Math.floor(room / count));
  const moving = keeps ? (fit - 1) * width : room;
  const most = keeps ? (count - fit) * width : Math.max(0, count * width - room);
  const edge = room - width;
  const places = new Map(layers.map((l, n) => [l, n]));
  const x = (/** @type {number} */ l) => (keeps && l === last ? edge : (places.get(l) ?? 0) * width - scroll);
  const [from, to] = visibleRange(scroll, moving, width, keeps ? count - 1 : count);
  const shown = layers.slice(from, to);
  if (keeps) shown.push(last);
  return {
    width, keeps, x, shown, layers, most,
    room: moving,
    gap: keeps ? edge - moving : 0,
    placeOf: (l) => places.get(l) ?? -1,
    wide: (l) => (!keeps && l === last && most === 0 ? room - (count - 1) * width : width),
    under: (l) => (keeps && l !== last ? Math.max(0, x(l) + width - moving) : 0),
    at: (px) => (keeps && px >= edge ? last : px >= moving && keeps ? Infinity : layers[Math.min(Math.floor((px + scroll) / width), px < room ? count - 1 : count)] ?? Infinity),
  };
}

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
