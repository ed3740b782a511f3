/**
 * The row of a position whose own row is out of sight, right under the layer numbers: with hundreds
 * of patches, what is pointed at on the picture nearly always is. It lies over the rows and moves
 * none of them. Knows not why a position is shown.
 */
import { GridPainter } from "./paint.js";
import { GRID } from "./window.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { GridLook } from "./paint.js" */
/** @import { GridColumns } from "./window.js" */

export class GridPeek {
  /** Made when there is something to show for the first time. @type {GridPainter|null} */
  #painter = null;
  #width = 0;
  #column = 0;
  #canvas;
  #makePainter;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {LensPage} record
   * @param {HTMLImageElement|null} picture
   */
  constructor(canvas, record, picture) {
    this.#canvas = canvas;
    this.#makePainter = () => new GridPainter(canvas, record, picture);
  }

  /** The theme changed. */
  restyle() { this.#painter?.restyle(); }

  /**
   * @param {number} t −1 shows nothing
   * @param {GridColumns} columns
   * @param {number} width of the grid
   * @param {GridLook} look
   */
  draw(t, columns, width, look) {
    this.#canvas.hidden = t < 0;
    if (t < 0) return;
    this.#painter ??= this.#makePainter();
    if (this.#width !== width || this.#column !== columns.width) this.#painter.resize(width, GRID.head + GRID.row, columns.width);
    [this.#width, this.#column] = [width, columns.width];
    this.#painter.paint([t], [0, 1], columns, { top: 0, row: GRID.row }, look);
  }
}
