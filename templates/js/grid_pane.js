/**
 * The layer × position grid. Only what is visible is in the DOM, in both directions.
 * This file lays out and draws; grid_input.js listens, grid_cells.js fills cells.
 */
/* global quantityNow, QUANTITY_KEYS, gridRows, isBand, bandStart, matchingPositions, visibleRange,
   scrollToShow, createGridCells, GRID, listenToGrid, mountGridControls, mountGridMap */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountGridPane(root, record, state) {
  const body = root.querySelector("#grid-body");
  body.append(document.getElementById("grid-frame").content.cloneNode(true));
  const scroller = body.querySelector(".grid-scroller");
  const sheet = scroller.querySelector(".grid-sheet");
  const picture = document.getElementById("picture");
  const heads = createLayerHeads(sheet.querySelector(".grid-head"), record);
  const marks = Object.fromEntries(["column-mark", "cross-row", "cross-cell", "chosen"]
    .map((name) => [name, sheet.querySelector(`.grid-${name}`)]));
  let cells = createGridCells(sheet, record, picture);
  let rows = new Int32Array();
  let placeOf = new Map();
  let drawn = "";

  const grid = {
    scroller, sheet,
    rows: () => rows,
    /** Place of a position in the list of rows, −1 when it is filtered out. */
    place: (t) => placeOf.get(t) ?? -1,
    /** Rows that fit the window. */
    page: () => Math.max(1, Math.floor((scroller.clientHeight - GRID.head) / GRID.row) - 1),
    /** What is at a point of the screen. */
    cellAt(x, y) {
      const frame = scroller.getBoundingClientRect();
      const [fromLeft, fromTop] = [x - frame.left, y - frame.top];
      if (fromTop < GRID.head || fromTop > scroller.clientHeight || fromLeft > scroller.clientWidth) return null;
      const place = Math.floor((fromTop + scroller.scrollTop - GRID.head) / GRID.row);
      if (place < 0 || place >= rows.length) return null;
      const column = fromLeft < GRID.side ? -1 : Math.floor((fromLeft + scroller.scrollLeft - GRID.side) / GRID.column);
      return column < record.L ? { place, row: rows[place], column } : null;
    },
    /** Where a cell is on the screen. */
    rect(place, column) {
      const frame = scroller.getBoundingClientRect();
      const left = frame.left + GRID.side + column * GRID.column - scroller.scrollLeft;
      const top = frame.top + GRID.head + place * GRID.row - scroller.scrollTop;
      return { left, top, right: left + GRID.column, bottom: top + GRID.row };
    },
    /** Scroll as little as shows this cell. A column alone: place −1. */
    reveal(place, column) {
      const [width, height] = [scroller.clientWidth - GRID.side, scroller.clientHeight - GRID.head];
      if (column >= 0) scroller.scrollLeft = scrollToShow(scroller.scrollLeft, width, GRID.column, column);
      if (place >= 0) scroller.scrollTop = scrollToShow(scroller.scrollTop, height, GRID.row, place);
      drawCells();
    },
    cell(place, column) { return cells.at(place, column, columnsShown()); },
  };

  const columnsShown = () => visibleRange(scroller.scrollLeft, Math.max(1, scroller.clientWidth - GRID.side), GRID.column, record.L, 4);

  function listRows() {
    const filter = state.get("rows");
    const tokens = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    const matches = filter === "matches" ? matchingPositions(record, tokens, state.get("query")) : new Uint8Array(record.T);
    rows = gridRows(record, { rows: filter, collapsed: state.get("collapsed"), pins: state.get("pins"), matches });
    placeOf = new Map();
    rows.forEach((row, place) => { if (!isBand(row)) placeOf.set(row, place); });
    sheet.style.width = `${GRID.side + record.L * GRID.column}px`;
    sheet.style.height = `${GRID.head + rows.length * GRID.row}px`;
    scroller.setAttribute("aria-rowcount", rows.length + 1);
    scroller.setAttribute("aria-colcount", record.L + 1);
    const empty = scroller.querySelector(".grid-empty");
    empty.hidden = rows.length > 0;
    empty.textContent = {
      pinned: "Nothing is pinned yet: click a cell or a patch.",
      matches: "No row matches: type or choose a token above.",
    }[filter] ?? "This record has no such rows.";
  }

  /** Fill what is visible. Cheap when nothing moved. */
  function drawCells(all = false) {
    if (state.get("zoomedOut") || scroller.clientHeight === 0) return;
    const places = visibleRange(scroller.scrollTop, Math.max(1, scroller.clientHeight - GRID.head), GRID.row, rows.length, 6);
    const columns = columnsShown();
    const key = `${columns}`;
    const window = `${places} ${key}`;
    if (!all && window === drawn) return;
    const refill = all || !drawn.endsWith(` ${key}`);
    drawn = window;
    cells.show(rows, places, columns, { quantity: quantityNow(record, state), dark: state.get("dark") }, refill);
    if (refill) heads.show(columns, state.get("layer"));
    drawMarks();
  }

  function put(mark, place, column, whole = false) {
    mark.hidden = place < 0 || column < 0;
    if (mark.hidden) return;
    mark.style.top = `${GRID.head + place * GRID.row}px`;
    if (!whole) mark.style.left = `${GRID.side + column * GRID.column}px`;
  }

  function drawMarks() {
    const [hover, cell] = [state.get("hover"), state.get("cell")];
    const hovered = hover ? grid.place(hover.position) : -1;
    put(marks["cross-row"], hovered, 0, true);
    put(marks["cross-cell"], hovered, hover?.layer ?? -1);
    put(marks.chosen, cell ? grid.place(cell.position) : -1, cell?.layer ?? -1);
    marks["column-mark"].style.left = `${GRID.side + state.get("layer") * GRID.column}px`;
  }

  mountGridControls(root.querySelector("#grid-controls"), record, state);
  mountGridMap(body.querySelector(".grid-map"), record, state, () => rows);
  listenToGrid(grid, record, state);

  let waiting = 0;
  scroller.addEventListener("scroll", () => {
    waiting ||= requestAnimationFrame(() => { waiting = 0; drawCells(); });
  }, { passive: true });
  new ResizeObserver(() => drawCells(true)).observe(scroller);
  picture?.decode().then(() => {
    sheet.querySelectorAll(".grid-row").forEach((row) => row.remove());
    cells = createGridCells(sheet, record, picture);
    drawCells(true);
  }, () => { /* a picture that cannot be decoded: no thumbnails */ });

  state.on(["rows", "collapsed", "zoomedOut", "pins", "query", "dark", ...QUANTITY_KEYS], (changed) => {
    const filter = state.get("rows");
    const relist = ["rows", "collapsed"].some((key) => changed.has(key))
      || (changed.has("pins") && (filter === "pinned" || state.get("collapsed")))
      || (filter === "matches" && (changed.has("tokens") || changed.has("query")));
    if (relist) listRows();
    sheet.classList.toggle("folded", state.get("collapsed"));
    scroller.hidden = state.get("zoomedOut");
    if (changed.size === 1 && changed.has("pins") && !relist) drawCells();
    else drawCells(true);
  });
  state.on(["hover"], drawMarks);
  state.on(["layer"], () => {
    heads.show(columnsShown(), state.get("layer"));
    grid.reveal(-1, state.get("layer"));
    drawMarks();
  });
  state.on(["cell"], () => {
    const cell = state.get("cell");
    if (cell && !state.get("zoomedOut")) grid.reveal(grid.place(cell.position), cell.layer);
    drawMarks();
  });
}

/** Pooled column headers. */
function createLayerHeads(head, record) {
  const template = document.getElementById("grid-layer");
  const shown = [];
  return {
    show([from, to], current) {
      while (shown.length > to - from) shown.pop().remove();
      while (shown.length < to - from) {
        const element = template.content.firstElementChild.cloneNode(true);
        shown.push(element);
        head.append(element);
      }
      shown.forEach((element, n) => {
        const column = from + n;
        element.style.left = `${GRID.side + column * GRID.column}px`;
        element.firstChild.data = record.layers[column] === 0 ? "embed" : String(record.layers[column]);
        element.setAttribute("aria-colindex", column + 2);
        element.setAttribute("aria-label", record.layerName(column));
        element.classList.toggle("current", column === current);
      });
    },
  };
}
