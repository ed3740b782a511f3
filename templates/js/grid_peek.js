/**
 * The row of a position whose own row is out of sight, right under the layer numbers: with hundreds
 * of patches, what is pointed at on the picture nearly always is. It lies over the rows and moves
 * none of them. Knows not why a position is shown.
 */
/* global GRID, createGridPainter */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {LensPage} record
 * @param {HTMLImageElement|null} picture
 */
export function createGridPeek(canvas, record, picture) {
  let painter = null; // made when there is something to show for the first time
  let drawn = { width: 0, column: 0 };

  return {
    /** The theme changed. */
    restyle() { painter?.restyle(); },
    /**
     * @param {number} t −1 shows nothing
     * @param {[number, number]} columns visible layers
     * @param {number} left pixels scrolled
     * @param {{width: number, column: number}} size of the grid and of one column
     * @param {object} look see grid_paint.js
     */
    draw(t, columns, left, size, look) {
      canvas.hidden = t < 0;
      if (canvas.hidden) return;
      painter ??= createGridPainter(canvas, record, picture);
      if (drawn.width !== size.width || drawn.column !== size.column) painter.resize(size.width, GRID.head + GRID.row, size.column);
      drawn = size;
      painter.paint([t], [0, 1], columns, { left, top: 0 }, look);
    },
  };
}
