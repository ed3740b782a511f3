/**
 * Pointer and keys of the grid. Focus stays on the grid itself; the cell that the keys are on is
 * its active descendant, so that cells can come and go with scrolling.
 */
/* global GRID, isBand, moveCursor, anchorTooltip, chooseAndPin */

/**
 * @param {object} grid see grid_pane.js
 * @param {LensPage} record
 * @param {object} state
 */
export function listenToGrid(grid, record, state) {
  const { scroller } = grid;
  let cursor = null; // {place, column} of the keys
  let active = null; // the element they are on
  let pointer = null; // last known, for what scrolls under a resting pointer

  function hoverAt(x, y) {
    const at = grid.cellAt(x, y);
    if (!at || isBand(at.row)) {
      if (state.get("hover")) state.set({ hover: null });
      return;
    }
    const layer = at.column < 0 ? state.get("layer") : at.column;
    anchorTooltip(at.column < 0
      ? { ...grid.rect(at.place, 0), left: scroller.getBoundingClientRect().left, right: scroller.getBoundingClientRect().left + GRID.side }
      : grid.rect(at.place, at.column));
    state.set({ hover: { layer, position: at.row } });
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
    const head = event.target.closest(".layer-head");
    if (head) {
      state.set({ layer: Number(head.getAttribute("aria-colindex")) - 2 });
      return;
    }
    const at = grid.cellAt(event.clientX, event.clientY);
    if (!at) return;
    if (isBand(at.row)) {
      state.set({ collapsed: !state.get("collapsed") });
      return;
    }
    cursor = { place: at.place, column: Math.max(0, at.column) };
    const layer = at.column < 0 ? state.get("layer") : at.column;
    chooseAndPin(state, { layer, position: at.row });
  });

  function describe(place, column) {
    const row = grid.rows()[place];
    if (isBand(row)) return `Image block, ${state.get("collapsed") ? "folded" : "unfolded"}. Enter toggles.`;
    const probability = record.topProb(column, row, 0);
    return `${record.label(row)}, ${record.layerName(column)}: ${record.text(record.topIndex(column, row, 0))}, ${probability}`;
  }

  function moveTo(next) {
    cursor = next;
    grid.reveal(next.place, next.column);
    const row = grid.rows()[next.place];
    if (active) active.removeAttribute("id");
    active = isBand(row) ? scroller.querySelector(`[aria-rowindex="${next.place + 2}"] .side`) : grid.cell(next.place, next.column);
    if (active) {
      active.id = "grid-active";
      active.setAttribute("aria-label", describe(next.place, next.column));
      scroller.setAttribute("aria-activedescendant", "grid-active");
    }
    anchorTooltip(grid.rect(next.place, next.column));
    pointer = null;
    state.set({ hover: isBand(row) ? null : { layer: next.column, position: row } });
  }

  /** Where the keys start: the selection when it is listed, else the first visible row. */
  function start() {
    const count = grid.rows().length;
    if (cursor && cursor.place < count) return cursor;
    const cell = state.get("cell");
    if (cell && grid.place(cell.position) >= 0) return { place: grid.place(cell.position), column: cell.layer };
    return { place: Math.min(count - 1, Math.ceil(scroller.scrollTop / GRID.row)), column: state.get("layer") };
  }

  scroller.addEventListener("keydown", (event) => {
    const count = grid.rows().length;
    if (count === 0 || event.altKey) return;
    if (event.key === "Enter") {
      const { place, column } = start();
      const row = grid.rows()[place];
      if (isBand(row)) state.set({ collapsed: !state.get("collapsed") });
      else chooseAndPin(state, { layer: column, position: row });
      event.preventDefault();
      return;
    }
    const at = start();
    const moved = moveCursor(event.key, event.ctrlKey || event.metaKey, { row: at.place, column: at.column },
      { rows: count, columns: record.L, page: grid.page() });
    if (!moved) return;
    event.preventDefault();
    // the first key only shows where the cursor is
    moveTo(cursor || state.get("hover") ? { place: moved.row, column: moved.column } : at);
  });
  scroller.addEventListener("focus", () => { if (scroller.matches(":focus-visible") && grid.rows().length) moveTo(start()); });
  scroller.addEventListener("blur", () => { if (!pointer) state.set({ hover: null }); });
  state.on(["rows", "collapsed"], () => { cursor = null; });
}
