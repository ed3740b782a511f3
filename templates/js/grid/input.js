/**
 * Pointer and keys of the grid. Focus stays on the grid itself; the cell that the keys are on is
 * its active descendant.
 */
import { chooseAndPin, toggleFold } from "../core/actions.js";
import { anchorTooltip } from "../page/tooltip.js";
import { bandBlock, bandText, isBand } from "./rows.js";
import { moveCursor } from "./window.js";

/**
 * @param {object} grid see grid/pane.js
 * @param {LensPage} record
 * @param {object} state
 */
export function listenToGrid(grid, record, state) {
  const { scroller } = grid;
  let cursor = null; // {row, column} of the keys; the row itself, as its place changes with the rows listed
  let pointer = null; // where it last was: content may scroll under a resting pointer

  /** The cell at a place: in the row header it is that of the layer shown on the image. */
  const cellOf = ({ place, column }) => ({ layer: column < 0 ? state.get("layer") : column, position: grid.rows()[place] });

  const foldAt = (place) => toggleFold(state, bandBlock(record, grid.rows()[place]).view);

  function hoverAt(x, y) {
    const at = grid.cellAt(x, y);
    if (!at || at.place < 0 || isBand(grid.rows()[at.place])) {
      state.set({ hover: null });
      return;
    }
    anchorTooltip(grid.rect(at.place, at.column), "below");
    state.set({ hover: cellOf(at) });
  }

  scroller.addEventListener("pointermove", (event) => {
    pointer = [event.clientX, event.clientY];
    hoverAt(...pointer);
  });
  scroller.addEventListener("pointerleave", () => {
    pointer = null;
    state.set({ hover: null });
  });
  scroller.addEventListener("scroll", () => { if (pointer) hoverAt(...pointer); }, { passive: true });

  scroller.addEventListener("click", (event) => {
    if (String(getSelection())) return; // text was being selected, not a cell chosen
    const at = grid.cellAt(event.clientX, event.clientY);
    if (!at) return;
    if (at.place < 0) {
      if (at.column >= 0) state.set({ layer: at.column });
      return;
    }
    if (isBand(grid.rows()[at.place])) {
      foldAt(at.place);
      return;
    }
    cursor = { row: grid.rows()[at.place], column: cellOf(at).layer };
    chooseAndPin(state, cellOf(at));
    if (event.pointerType === "touch") hoverAt(event.clientX, event.clientY); // fingers do not hover
  });

  function moveTo(next) {
    const row = grid.rows()[next.place];
    cursor = { row, column: next.column };
    pointer = null;
    grid.reveal(next.place, next.column);
    if (isBand(row)) {
      const block = bandBlock(record, row);
      document.getElementById("announcer").textContent = `${bandText(record, block)}, ${state.get("folded").includes(block.view) ? "folded" : "unfolded"}. Enter changes that.`;
      state.set({ hover: null });
      return;
    }
    scroller.setAttribute("aria-activedescendant", "grid-active");
    anchorTooltip(grid.rect(next.place, next.column), "below");
    state.set({ hover: cellOf(next) });
  }

  /** Where the keys are, or start: the selection when it is listed, else the first visible row. */
  function start() {
    const count = grid.rows().length;
    if (cursor && grid.place(cursor.row) >= 0) return { place: grid.place(cursor.row), column: cursor.column };
    const cell = state.get("cell");
    if (cell && grid.place(cell.position) >= 0) return { place: grid.place(cell.position), column: cell.layer };
    return { place: Math.min(count - 1, grid.firstVisible()), column: state.get("layer") };
  }

  function enter() {
    const at = start();
    if (isBand(grid.rows()[at.place])) foldAt(at.place);
    else chooseAndPin(state, cellOf(at));
  }

  scroller.addEventListener("keydown", (event) => {
    const count = grid.rows().length;
    if (count === 0 || event.altKey) return;
    const at = start();
    const moved = moveCursor(event.key, event.ctrlKey || event.metaKey, { row: at.place, column: at.column },
      { rows: count, columns: record.L, page: grid.page() });
    if (!moved && event.key !== "Enter") return;
    event.preventDefault();
    if (event.key === "Enter") enter();
    // the first key only shows where the cursor is
    else moveTo(cursor ? { place: moved.row, column: moved.column } : at);
  });
  scroller.addEventListener("focus", () => {
    if (scroller.matches(":focus-visible") && grid.rows().length) moveTo(start());
  });
  scroller.addEventListener("blur", () => { if (!pointer) state.set({ hover: null }); });
  state.on(["rows"], () => { cursor = null; });
  // chosen elsewhere (a chip, a patch, the browser's "back"): the keys go on from there
  state.on(["cell"], () => {
    const cell = state.get("cell");
    if (!cell || (cursor?.row === cell.position && cursor.column === cell.layer)) return;
    cursor = null;
    const withKeys = document.activeElement === scroller && !pointer;
    if (withKeys && grid.place(cell.position) >= 0) moveTo(start());
  });
}
