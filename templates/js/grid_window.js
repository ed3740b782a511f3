/**
 * What of a huge sheet is visible. Pure.
 */

/**
 * Items that a viewport shows, with some beyond its edges so that scrolling rarely finds a gap.
 * @param {number} scroll pixels scrolled
 * @param {number} room pixels of the viewport
 * @param {number} size pixels of an item
 * @param {number} count items
 * @param {number} spare items beyond each edge; the range moves in steps of it
 * @returns {[number, number]} first, one past the last
 */
export function visibleRange(scroll, room, size, count, spare) {
  const first = Math.floor(scroll / size);
  const last = Math.ceil((scroll + room) / size);
  const from = Math.floor((first - spare) / spare) * spare;
  const to = Math.ceil((last + spare) / spare) * spare;
  return [Math.max(0, from), Math.min(count, Math.max(to, 0))];
}

/**
 * The least scrolling that shows an item whole.
 * @returns {number} the new scroll
 */
export function scrollToShow(scroll, room, size, index) {
  const start = index * size;
  if (start < scroll) return start;
  if (start + size > scroll + room) return start + size - room;
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
  const moves = {
    ArrowLeft: [0, far ? -Infinity : -1], ArrowRight: [0, far ? Infinity : 1],
    ArrowUp: [far ? -Infinity : -1, 0], ArrowDown: [far ? Infinity : 1, 0],
    PageUp: [-grid.page, 0], PageDown: [grid.page, 0],
    Home: [far ? -Infinity : 0, -Infinity], End: [far ? Infinity : 0, Infinity],
  };
  if (!Object.hasOwn(moves, key)) return null;
  const [down, right] = moves[key];
  const into = (n, count) => Math.max(0, Math.min(count - 1, n));
  return { row: into(at.row + down, grid.rows), column: into(at.column + right, grid.columns) };
}
