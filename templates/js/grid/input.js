/**
 * Pointer and keys of the grid. Focus stays on the grid itself; the cell that the keys are on is
 * its active descendant.
 */
import { chooseAndPin, toggleFold } from "../core/actions.js";
import { byId } from "../core/dom.js";
import { anchorTooltip } from "../page/tooltip.js";
import { bandBlock, bandText, isBand } from "./rows.js";
import { moveCursor } from "./window.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Cell } from "../core/state_values.js" */
/** @import { GridPane } from "./pane.js" */

/**
 * @param {GridPane} grid
 * @param {LensPage} record
 * @param {State} state
 */
export function listenToGrid(grid, record, state) {
  const { scroller } = grid;
  const input = new GridInput(grid, record, state);
  scroller.addEventListener("pointermove", (event) => input.point(event));
  scroller.addEventListener("pointerleave", () => input.point(null));
  scroller.addEventListener("scroll", () => input.hover(), { passive: true });
  scroller.addEventListener("click", (event) => input.click(event));
  scroller.addEventListener("keydown", (event) => input.key(event));
  scroller.addEventListener("focus", () => input.focus());
  scroller.addEventListener("blur", () => input.blur());
  state.on(["rows"], () => input.forget());
  state.on(["cell"], () => input.followCell());
}

/** @typedef {{place: number, column: number}} GridPoint place: among the rows, −1 for the layer numbers; column: −1 for the row header */

class GridInput {
  /** Where the keys are; the row itself, as its place changes with the rows listed. @type {{row: number, column: number}|null} */
  #cursor = null;
  /** Where the pointer last was: content may scroll under a resting pointer. @type {MouseEvent|null} */
  #pointer = null;
  #grid;
  #record;
  #state;

  /** @param {GridPane} grid @param {LensPage} record @param {State} state */
  constructor(grid, record, state) {
    this.#grid = grid;
    this.#record = record;
    this.#state = state;
  }

  /** The cell at a place: in the row header it is that of the layer shown on the image. @param {GridPoint} at @returns {Cell} */
  #cellOf({ place, column }) {
    return { layer: column < 0 ? this.#state.get("layer") : column, position: this.#grid.rows[place] };
  }

  /** @param {number} place of a band */
  #foldAt(place) { toggleFold(this.#state, bandBlock(this.#record, this.#grid.rows[place]).view); }

  /** The pointer moved, or left. @param {MouseEvent|null} event */
  point(event) {
    this.#pointer = event;
    if (event) this.hover();
    else this.#state.set({ hover: null });
  }

  /** Hover what is under the pointer, if there is one. */
  hover() {
    if (!this.#pointer) return;
    const at = this.#grid.geometry.cellAt(this.#pointer.clientX, this.#pointer.clientY);
    if (at && at.place >= 0 && !isBand(this.#grid.rows[at.place])) this.#hoverCell(at);
    else this.#state.set({ hover: null });
  }

  /** @param {GridPoint} at */
  #hoverCell(at) {
    anchorTooltip(this.#grid.geometry.rect(at.place, at.column), "below");
    this.#state.set({ hover: this.#cellOf(at) });
  }

  /** @param {MouseEvent} event */
  click(event) {
    if (String(getSelection())) return; // text was being selected, not a cell chosen
    const at = this.#grid.geometry.cellAt(event.clientX, event.clientY);
    if (!at) return;
    const row = this.#grid.rows[at.place];
    if (at.place < 0) {
      if (at.column >= 0) this.#state.set({ layer: at.column });
    } else if (isBand(row)) this.#foldAt(at.place);
    else {
      this.#cursor = { row, column: this.#cellOf(at).layer };
      chooseAndPin(this.#state, this.#cellOf(at));
      // fingers do not hover
      if (event instanceof PointerEvent && event.pointerType === "touch") this.#hoverCell(at);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const rows = this.#grid.rows.length;
    if (rows === 0 || event.altKey) return;
    const at = this.#start();
    const { layers, placeOf } = this.#grid.geometry.columns();
    const column = placeOf(at.column) < 0 ? layers.findIndex((l) => l >= at.column) : placeOf(at.column);
    const sheet = { rows, columns: layers.length, page: this.#grid.geometry.page() };
    const moved = moveCursor(event.key, event.ctrlKey || event.metaKey, { row: at.place, column }, sheet);
    if (!moved && event.key !== "Enter") return;
    event.preventDefault();
    if (!moved) this.#enter(at);
    // the first key only shows where the cursor is
    else this.#moveTo(this.#cursor ? { place: moved.row, column: layers[moved.column] } : at);
  }

  focus() {
    if (this.#grid.scroller.matches(":focus-visible") && this.#grid.rows.length) this.#moveTo(this.#start());
  }

  blur() {
    if (!this.#pointer) this.#state.set({ hover: null });
  }

  /** Other rows are listed: the keys begin anew. */
  forget() { this.#cursor = null; }

  /** Chosen elsewhere (a chip, a patch, the browser's "back"): the keys go on from there. */
  followCell() {
    const cell = this.#state.get("cell");
    if (!cell || (this.#cursor?.row === cell.position && this.#cursor.column === cell.layer)) return;
    this.#cursor = null;
    const withKeys = document.activeElement === this.#grid.scroller && !this.#pointer;
    if (withKeys && this.#grid.place(cell.position) >= 0) this.#moveTo(this.#start());
  }

  /** Where the keys are, or start: the selection when it is listed, else the first visible row. @returns {GridPoint} */
  #start() {
    const grid = this.#grid;
    if (this.#cursor && grid.place(this.#cursor.row) >= 0) return { place: grid.place(this.#cursor.row), column: this.#cursor.column };
    const cell = this.#state.get("cell");
    if (cell && grid.place(cell.position) >= 0) return { place: grid.place(cell.position), column: cell.layer };
    return { place: Math.min(grid.rows.length - 1, grid.geometry.firstVisible()), column: this.#state.get("layer") };
  }

  /** @param {GridPoint} at */
  #enter(at) {
    if (isBand(this.#grid.rows[at.place])) this.#foldAt(at.place);
    else chooseAndPin(this.#state, this.#cellOf(at));
  }

  /** @param {GridPoint} next */
  #moveTo(next) {
    const row = this.#grid.rows[next.place];
    this.#cursor = { row, column: next.column };
    this.#pointer = null;
    this.#grid.reveal(next.place, next.column);
    if (isBand(row)) {
      const block = bandBlock(this.#record, row);
      const folded = this.#state.get("folded").includes(block.view);
      byId("announcer").textContent = `${bandText(this.#record, block)}, ${folded ? "folded" : "unfolded"}. Enter changes that.`;
      this.#state.set({ hover: null });
      return;
    }
    this.#grid.scroller.setAttribute("aria-activedescendant", "grid-active");
    this.#hoverCell(next);
  }
}
