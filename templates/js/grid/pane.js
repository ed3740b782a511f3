/**
 * The layer × position grid. Only what is visible is painted, in both directions; what the pointer
 * or the keys are on is a real cell that lies over the painting, for selection and screen readers.
 * This file lays out; grid/paint.js paints, grid/marks.js and grid/peek.js draw over it, grid/input.js
 * listens.
 */
import { imageBlocks } from "../core/image_blocks.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { drawOnce } from "../core/work.js";
import { mountGridControls } from "./controls.js";
import { listenToGrid } from "./input.js";
import { mountGridMap } from "./map_pane.js";
import { createGridMarks } from "./marks.js";
import { createGridPainter } from "./paint.js";
import { createGridPeek } from "./peek.js";
import { bandOf, gridRows, matchingPositions } from "./rows.js";
import { GRID, gridColumns, scrollToShow, visibleRange } from "./window.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountGridPane(root, record, state) {
  const body = root.querySelector("#grid-body");
  body.append(document.getElementById("grid-frame").content.cloneNode(true));
  const scroller = body.querySelector(".grid-scroller");
  const [sheet, view, canvas, empty] = [".grid-sheet", ".grid-view", ".grid-canvas", ".grid-empty"].map((name) => body.querySelector(name));
  const picture = document.getElementById("picture");
  const marks = createGridMarks(view, record);
  const peek = createGridPeek(view.querySelector(".grid-peek"), record, picture);
  const painter = createGridPainter(canvas, record, picture);
  let rows = new Int32Array();
  let placeOf = new Map();
  let before = [0, 0]; // where it was scrolled to before printing

  const columnsNow = () => gridColumns(scroller.clientWidth - GRID.side, record.L, Math.round(scroller.scrollLeft));

  const grid = {
    scroller,
    rows: () => rows,
    /** Place of a row in the list of rows, −1 when it is filtered out. */
    place: (row) => placeOf.get(row) ?? -1,
    /** Rows that fit the window. */
    page: () => Math.max(1, Math.floor((scroller.clientHeight - GRID.head) / GRID.row) - 1),
    /** Place of the first row that is wholly visible. */
    firstVisible: () => Math.ceil(scroller.scrollTop / GRID.row),
    /** What is at a point of the screen: column −1 is the row header, place −1 the layer numbers. */
    cellAt(x, y) {
      const frame = scroller.getBoundingClientRect();
      const [fromLeft, fromTop] = [x - frame.left, y - frame.top];
      if (fromTop < 0 || fromTop > scroller.clientHeight || fromLeft < 0 || fromLeft > scroller.clientWidth) return null;
      const place = fromTop < GRID.head ? -1 : Math.floor((fromTop + scroller.scrollTop - GRID.head) / GRID.row);
      const layer = fromLeft < GRID.side ? -1 : columnsNow().at(fromLeft - GRID.side);
      return layer < record.L && place < rows.length ? { place, column: layer } : null;
    },
    /** Where a cell is on the screen; column −1 is the row header. */
    rect(place, layer) {
      const frame = scroller.getBoundingClientRect();
      const columns = columnsNow();
      const left = frame.left + (layer < 0 ? 0 : GRID.side + columns.x(layer));
      const top = frame.top + GRID.head + place * GRID.row - scroller.scrollTop;
      return { left, top, right: left + (layer < 0 ? GRID.side : columns.width), bottom: top + GRID.row };
    },
    /** Scroll as little as shows this cell; −1 leaves that direction alone. */
    reveal(place, layer) {
      const [columns, height] = [columnsNow(), scroller.clientHeight - GRID.head];
      const inSight = columns.keeps && layer === record.L - 1;
      if (layer >= 0 && !inSight) scroller.scrollLeft = scrollToShow(scroller.scrollLeft, columns.room, columns.width, layer, 2 * columns.width);
      if (place >= 0) scroller.scrollTop = scrollToShow(scroller.scrollTop, height, GRID.row, place, GRID.row);
      paint();
    },
  };

  function listRows() {
    const filter = state.get("rows");
    const tokens = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    const matches = filter === "matches" ? matchingPositions(record, tokens, state.get("query")) : new Uint8Array(record.T);
    rows = gridRows(record, { rows: filter, folded: state.get("folded"), pins: state.get("pins"), matches });
    placeOf = new Map();
    rows.forEach((row, place) => placeOf.set(row, place));
    sheet.style.height = `${GRID.head + rows.length * GRID.row}px`;
    scroller.setAttribute("aria-rowcount", rows.length + 1);
    scroller.setAttribute("aria-colcount", record.L + 1);
    empty.hidden = rows.length > 0;
    empty.textContent = {
      pinned: "Nothing is pinned yet: click a cell or a patch.",
      matches: "No row matches: type or choose a token above.",
    }[filter] ?? "This record has no such rows.";
  }

  const paint = drawOnce(() => {
    const height = scroller.clientHeight;
    if (scroller.hidden || height === 0 || !view.style.width) return; // not laid out yet: see resize
    const top = Math.round(scroller.scrollTop);
    const places = visibleRange(top, height - GRID.head, GRID.row, rows.length);
    painter.paint(rows, places, columnsNow(), top, lookNow());
    drawMarks();
  });

  const lookNow = () => ({ quantity: quantityNow(record, state), dark: state.get("dark"), layer: state.get("layer"), folded: state.get("folded") });

  /** The position that is pointed at, or else chosen, when its row is out of sight; −1 for none. */
  function outOfSight() {
    // a pointer in the grid wants to reach the rows that are there
    if (scroller.matches(":hover")) return -1;
    const t = (state.get("hover") ?? state.get("cell"))?.position ?? -1;
    const middle = (grid.place(t) + 0.5) * GRID.row - scroller.scrollTop;
    return grid.place(t) >= 0 && middle > 0 && middle < scroller.clientHeight - GRID.head ? -1 : t;
  }

  function drawMarks() {
    const [columns, look] = [columnsNow(), lookNow()];
    marks.draw(state.all(), grid.place, columns, { top: Math.round(scroller.scrollTop), rows: rows.length }, look);
    peek.draw(outOfSight(), columns, scroller.clientWidth, look);
  }

  /** Scroll to the patches of a view; −1 is all tiles. */
  function showView(wanted) {
    const block = imageBlocks(record).find((one) => (wanted === -1 ? one.view > 0 : one.view === wanted));
    const place = block ? [bandOf(block.start), block.start].map(grid.place).find((at) => at >= 0) : undefined;
    if (place === undefined) return; // not among the rows
    scroller.scrollTop = place * GRID.row;
    paint();
  }

  function resize() {
    if (scroller.clientHeight === 0) return;
    const { width } = columnsNow();
    view.style.setProperty("--column", `${width}px`);
    sheet.style.width = `${GRID.side + record.L * width}px`;
    view.style.width = `${scroller.clientWidth}px`;
    view.style.height = `${scroller.clientHeight}px`;
    painter.resize(scroller.clientWidth, scroller.clientHeight, width, state.get("paper") ? 2 : 1);
    paint();
  }

  mountGridControls(root.querySelector("#grid-controls"), record, state);
  mountGridMap(body.querySelector(".grid-map"), record, state, () => rows);
  listenToGrid(grid, record, state);

  let waiting = 0;
  scroller.addEventListener("scroll", () => {
    waiting ||= requestAnimationFrame(() => { waiting = 0; paint(); });
  }, { passive: true });
  for (const kind of ["pointerenter", "pointerleave"]) scroller.addEventListener(kind, drawMarks);
  listRows();
  new ResizeObserver(() => {
    if (scroller.clientWidth !== parseFloat(view.style.width) || scroller.clientHeight !== parseFloat(view.style.height)) resize();
  }).observe(scroller);
  picture?.decode().then(paint, () => { /* a picture that cannot be decoded: no thumbnails */ });

  state.on(["rows", "folded", "zoomedOut", "pins", "query", "dark", ...QUANTITY_KEYS], (changed) => {
    const filter = state.get("rows");
    const relist = ["rows", "folded"].some((key) => changed.has(key))
      || (changed.has("pins") && (filter === "pinned" || state.get("folded").length))
      || (filter === "matches" && (changed.has("tokens") || changed.has("query")));
    if (relist) listRows();
    if (changed.has("dark")) {
      painter.restyle();
      peek.restyle();
    }
    scroller.hidden = state.get("zoomedOut");
    if (changed.has("zoomedOut")) resize();
    paint();
  });
  state.on(["paper"], () => {
    if (state.get("paper")) before = [scroller.scrollLeft, scroller.scrollTop];
    root.style.setProperty("--paper-rows", Math.min(14, rows.length));
    resize();
    if (state.get("paper")) {
      grid.reveal(-1, state.get("layer")); // whole columns and rows, and the layer of the picture
      const { width } = columnsNow();
      [scroller.scrollLeft, scroller.scrollTop] = [Math.floor(scroller.scrollLeft / width) * width, Math.floor(scroller.scrollTop / GRID.row) * GRID.row];
    } else [scroller.scrollLeft, scroller.scrollTop] = before;
    paint();
  });
  state.on(["hover"], drawMarks);
  let shownView = record.views[0] ?? 0;
  state.on(["view"], () => {
    if (state.get("view") === shownView) return; // nobody has switched it
    shownView = state.get("view");
    showView(shownView);
  });
  state.on(["layer"], () => grid.reveal(-1, state.get("layer")));
  state.on(["cell"], () => {
    const cell = state.get("cell");
    if (cell && !state.get("zoomedOut")) grid.reveal(grid.place(cell.position), cell.layer);
    drawMarks();
  });
}
