/**
 * What lies over the painting of the grid: row, cell and layer number that are hovered, the selection, the layer.
 */
import { shadeFill, shadeInk } from "../core/colour.js";
import { part, writeToken } from "../core/dom.js";
import { visibleText } from "../core/format.js";
import { GRID } from "./window.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Cell, StateValues } from "../core/state_values.js" */
/** @import { GridLook } from "./paint.js" */
/** @import { GridColumns } from "./window.js" */

export class GridMarks {
  #record;

  /**
   * @param {HTMLElement} view
   * @param {LensPage} record
   */
  constructor(view, record) {
    this.#record = record;
    this.cross = part(view, ".grid-cross-row");
    this.head = part(view, ".grid-cross-head");
    this.band = part(view, ".grid-column-mark");
    this.chosen = part(view, ".grid-chosen");
    this.row = part(view, ".grid-active-row");
    this.header = part(this.row, "[role=rowheader]");
    this.active = part(this.row, ".grid-active");
  }

  /**
   * @param {StateValues} values
   * @param {(t: number) => number} placeOf place of a position among the rows, −1 when it is not there
   * @param {GridColumns} columns
   * @param {{top: number, rows: number, row: number}} scroll pixels scrolled; how many rows there are, and how high
   * @param {GridLook} look
   */
  draw(values, placeOf, columns, scroll, look) {
    const { hover, cell, layer } = values;
    const down = (/** @type {number} */ t) => Math.round(GRID.head + placeOf(t) * scroll.row - scroll.top) - GRID.head;
    putOn(this.band, columns, layer, 0);
    this.band.style.height = `${Math.max(0, scroll.rows * scroll.row - scroll.top)}px`;
    this.band.hidden = columns.placeOf(layer) < 0;
    this.chosen.hidden = !cell || placeOf(cell.position) < 0 || columns.placeOf(cell.layer) < 0;
    if (cell && !this.chosen.hidden) putOn(this.chosen, columns, cell.layer, down(cell.position));
    this.head.hidden = !hover || hover.layer === layer || columns.placeOf(hover.layer) < 0; // the chosen layer's number stands out by itself
    if (hover && !this.head.hidden) {
      putOn(this.head, columns, hover.layer, 0);
      this.head.textContent = String(this.#record.layers[hover.layer]);
    }
    const shown = hover && placeOf(hover.position) >= 0 ? hover : null;
    this.cross.hidden = !shown || down(shown.position) < 0;
    this.active.hidden = !shown || columns.placeOf(shown.layer) < 0;
    if (!shown) return;
    put(this.cross, 0, down(shown.position) + GRID.head);
    if (this.active.hidden) return;
    putOn(this.active, columns, shown.layer, down(shown.position));
    this.#fillActive(shown, { row: placeOf(shown.position), column: columns.placeOf(shown.layer) }, look);
  }

  /** The cell that is hovered, as a real one. @param {Cell} cell @param {{row: number, column: number}} place @param {GridLook} look */
  #fillActive({ layer: l, position: t }, place, look) {
    const { active, header, row } = this;
    const record = this.#record;
    const shade = look.quantity.shade(l, t);
    const [name, word] = [record.label(t), record.text(record.topIndex(l, t, 0))].map(visibleText);
    writeToken(active, record.text(record.topIndex(l, t, 0)));
    active.classList.toggle("below", shade === -1);
    active.style.background = shade >= 0 ? shadeFill(shade, look.dark) : "";
    active.style.color = shade >= 0 ? shadeInk(look.dark) : "";
    header.textContent = name;
    row.setAttribute("aria-rowindex", String(place.row + 2));
    active.setAttribute("aria-colindex", String(place.column + 2));
    active.setAttribute("aria-label", `${name}, ${record.layerName(l)}: ${word}, ${look.quantity.text(l, t)}`);
  }
}

/** @param {HTMLElement} mark @param {number} x @param {number} y */
function put(mark, x, y) {
  mark.style.transform = `translate(${x}px, ${y}px)`;
}

/** On a column; what lies beneath the last one, which stays at the edge, is cut off. @param {HTMLElement} mark @param {GridColumns} columns @param {number} l @param {number} y */
function putOn(mark, columns, l, y) {
  put(mark, columns.x(l), y);
  mark.style.setProperty("--column", `${columns.wide(l)}px`);
  const under = columns.under(l);
  mark.style.clipPath = under ? `inset(-2px ${under + 2}px -2px -2px)` : "";
}
