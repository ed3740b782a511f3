/**
 * The row of a position whose own row is out of sight, right under the layer numbers: with hundreds
 * of patches, what is pointed at on the picture nearly always is. It lies over the rows and moves
 * none of them. Knows not why a position is shown.
 */
import { createGridPainter } from "./paint.js";
import { GRID } from "./window.js";

/**
 * @param {HTMLCanvasElement} canvas
 * @param {LensPage} record
 * @param {HTMLImageElement|null} picture
 */
export function createGridPeek(canvas, record, picture) {
  let painter = null; // made when there is something to show for the first time
  let drawn = [0, 0]; // its width and that of a column

  return {
    /** The theme changed. */
    restyle() { painter?.restyle(); },
    /**
     * @param {number} t −1 shows nothing
     * @param {GridColumns} columns
     * @param {number} width of the grid
     * @param {object} look see grid/paint.js
     */
    draw(t, columns, width, look) {
      canvas.hidden = t < 0;
      if (canvas.hidden) return;
      painter ??= createGridPainter(canvas, record, picture);
      if (drawn[0] !== width || drawn[1] !== columns.width) painter.resize(width, GRID.head + GRID.row, columns.width);
      drawn = [width, columns.width];
      painter.paint([t], [0, 1], columns, 0, look);
    },
  };
}
