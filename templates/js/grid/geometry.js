/**
 * Where rows and columns are in the scrolled window, and what lies at a point of the screen. Knows
 * how many rows there are and which layers have a column; not what they show.
 */
import { GRID, columnsThatFit, gridColumns, rowHeight, scrollToShow } from "./window.js";
/** @import { GridPoint } from "./input.js" */

export class GridGeometry {
  /** Layers that have a column. @type {number[]} */
  layers = [];
  /** How many rows there are. */
  rows = 0;
  /** Height of a row. */
  row = GRID.row;
  /** Width of a column. */
  width = GRID.column;
  /** Of the window, when it was last measured. */
  #height = 0;

  /** @param {HTMLElement} scroller */
  constructor(scroller) { this.scroller = scroller; }

  /** Rows that fit the window. */
  page() { return Math.max(1, Math.floor((this.scroller.clientHeight - GRID.head) / this.row) - 1); }

  /** Place of the first row that is wholly visible. */
  firstVisible() { return Math.ceil(this.scroller.scrollTop / this.row - 0.01); }

  /** Columns that fit the window. */
  fit() { return columnsThatFit(this.scroller.clientWidth - GRID.side, Infinity); }

  columns() { return gridColumns(this.scroller.clientWidth - GRID.side, this.layers, Math.round(this.scroller.scrollLeft)); }

  /** The window or the rows changed: rows are as high as lets whole ones fill it. @returns {boolean} is anything of another size than before? */
  measure() {
    const { clientHeight } = this.scroller;
    const [row, { width }] = [rowHeight(clientHeight - GRID.head, this.rows), this.columns()];
    const changed = row !== this.row || width !== this.width || clientHeight !== this.#height;
    [this.row, this.width, this.#height] = [row, width, clientHeight];
    return changed;
  }

  /** What is at a point of the screen. @param {number} x @param {number} y @returns {GridPoint|null} */
  cellAt(x, y) {
    const { scroller } = this;
    const frame = scroller.getBoundingClientRect();
    const [fromLeft, fromTop] = [x - frame.left, y - frame.top];
    if (fromTop < 0 || fromTop > scroller.clientHeight || fromLeft < 0 || fromLeft > scroller.clientWidth) return null;
    const place = fromTop < GRID.head ? -1 : Math.floor((fromTop + scroller.scrollTop - GRID.head) / this.row);
    const column = fromLeft < GRID.side ? -1 : this.columns().at(fromLeft - GRID.side);
    return column < Infinity && place < this.rows ? { place, column } : null;
  }

  /** Where a cell is on the screen. @param {number} place @param {number} layer −1 is the row header */
  rect(place, layer) {
    const frame = this.scroller.getBoundingClientRect();
    const columns = this.columns();
    const left = frame.left + (layer < 0 ? 0 : GRID.side + columns.x(layer));
    const top = frame.top + GRID.head + place * this.row - this.scroller.scrollTop;
    return { left, top, right: left + (layer < 0 ? GRID.side : columns.wide(layer)), bottom: top + this.row };
  }

  /** Is a row in sight, at least its middle? @param {number} place */
  inSight(place, height = this.scroller.clientHeight) {
    const middle = (place + 0.5) * this.row - this.scroller.scrollTop;
    return place >= 0 && middle > 0 && middle < height - GRID.head;
  }

  /** Was it before the window changed its size? @param {number} place */
  wasInSight(place) { return this.inSight(place, this.#height); }

  /** Scroll as little as shows this cell, to whole columns and rows; −1 leaves that direction alone. @param {number} place @param {number} layer */
  scrollTo(place, layer) {
    const { scroller } = this;
    const [columns, height] = [this.columns(), scroller.clientHeight - GRID.head];
    const column = layer < 0 ? -1 : columns.placeOf(layer);
    const keptInSight = columns.keeps && column === this.layers.length - 1;
    if (column >= 0 && !keptInSight) scroller.scrollLeft = scrollToShow(scroller.scrollLeft, columns.room, columns.width, column, 2 * columns.width);
    if (place >= 0) scroller.scrollTop = scrollToShow(scroller.scrollTop, height, this.row, place, this.row);
  }

  /** The layers up to the last one, if this one is among them. @param {number} layer */
  scrollToEnd(layer) {
    const { most, placeOf, width } = this.columns();
    if (placeOf(layer) * width >= most) this.scroller.scrollLeft = most;
    else this.scrollTo(-1, layer);
  }

  /** Back to whole columns and rows. */
  scrollToWhole() {
    const { scroller, row } = this;
    const { width } = this.columns();
    scroller.scrollLeft = Math.floor(scroller.scrollLeft / width) * width;
    scroller.scrollTop = Math.floor(scroller.scrollTop / row) * row;
  }
}
