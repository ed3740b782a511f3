/**
 * The layer × position grid. Only what is visible is painted, in both directions; what the pointer
 * or the keys are on is a real cell that lies over the painting, for selection and screen readers.
 * This file lays out; grid/paint.js paints, grid/marks.js and grid/peek.js draw over it, grid/input.js
 * listens.
 */
import { cloneAll, part, thePicture } from "../core/dom.js";
import { imageBlocks } from "../core/image_blocks.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { drawOnce } from "../core/work.js";
import { mountGridControls } from "./controls.js";
import { listenToGrid } from "./input.js";
import { mountGridMap } from "./map_pane.js";
import { GridMarks } from "./marks.js";
import { GridPainter } from "./paint.js";
import { GridPeek } from "./peek.js";
import { bandOf, gridRows, matchingPositions } from "./rows.js";
import { GRID, gridColumns, scrollToShow, visibleRange } from "./window.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Changed, State } from "../core/state.js" */
/** @import { GridPoint } from "./input.js" */
/** @import { GridLook } from "./paint.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountGridPane(root, record, state) {
  const body = part(root, "#grid-body");
  body.append(cloneAll("grid-frame"));
  const grid = new GridPane(body, record, state);
  mountGridControls(part(root, "#grid-controls"), record, state);
  mountGridMap(part(body, ".grid-map"), record, state, () => grid.rows);
  listenToGrid(grid, record, state);
  grid.listen();
  grid.follow();
}

/** Which rows are listed, where they and the columns are on the screen, and drawing them. */
export class GridPane {
  /** @type {Int32Array} */
  rows = new Int32Array();
  /** Row → place in the list of rows. @type {Map<number, number>} */
  #placeOf = new Map();
  /** Where it was scrolled to before printing. */
  #before = { left: 0, top: 0 };
  /** The view that the rows were scrolled to. */
  #shownView;
  #waiting = 0;

  /** @param {HTMLElement} body @param {LensPage} record @param {State} state */
  constructor(body, record, state) {
    this.record = record;
    this.state = state;
    this.scroller = part(body, ".grid-scroller");
    this.sheet = part(body, ".grid-sheet");
    this.view = part(body, ".grid-view");
    this.empty = part(body, ".grid-empty");
    const picture = thePicture();
    this.marks = new GridMarks(this.view, record);
    this.peek = new GridPeek(part(body, ".grid-peek", HTMLCanvasElement), record, picture);
    this.painter = new GridPainter(part(body, ".grid-canvas", HTMLCanvasElement), record, picture);
    this.paint = drawOnce(() => this.#paintNow());
    this.#shownView = record.views[0] ?? 0;
    picture?.decode().then(this.paint, () => { /* a picture that cannot be decoded: no thumbnails */ });
  }

  /** Place of a row in the list of rows, −1 when it is filtered out. @param {number} row */
  place(row) { return this.#placeOf.get(row) ?? -1; }

  /** Rows that fit the window. */
  page() { return Math.max(1, Math.floor((this.scroller.clientHeight - GRID.head) / GRID.row) - 1); }

  /** Place of the first row that is wholly visible. */
  firstVisible() { return Math.ceil(this.scroller.scrollTop / GRID.row); }

  #columns() { return gridColumns(this.scroller.clientWidth - GRID.side, this.record.L, Math.round(this.scroller.scrollLeft)); }

  /** What is at a point of the screen. @param {number} x @param {number} y @returns {GridPoint|null} */
  cellAt(x, y) {
    const { scroller } = this;
    const frame = scroller.getBoundingClientRect();
    const [fromLeft, fromTop] = [x - frame.left, y - frame.top];
    if (fromTop < 0 || fromTop > scroller.clientHeight || fromLeft < 0 || fromLeft > scroller.clientWidth) return null;
    const place = fromTop < GRID.head ? -1 : Math.floor((fromTop + scroller.scrollTop - GRID.head) / GRID.row);
    const column = fromLeft < GRID.side ? -1 : this.#columns().at(fromLeft - GRID.side);
    return column < this.record.L && place < this.rows.length ? { place, column } : null;
  }

  /** Where a cell is on the screen. @param {number} place @param {number} column −1 is the row header */
  rect(place, column) {
    const frame = this.scroller.getBoundingClientRect();
    const columns = this.#columns();
    const left = frame.left + (column < 0 ? 0 : GRID.side + columns.x(column));
    const top = frame.top + GRID.head + place * GRID.row - this.scroller.scrollTop;
    return { left, top, right: left + (column < 0 ? GRID.side : columns.width), bottom: top + GRID.row };
  }

  /** Scroll as little as shows this cell; −1 leaves that direction alone. @param {number} place @param {number} column */
  reveal(place, column) {
    const { scroller } = this;
    const [columns, height] = [this.#columns(), scroller.clientHeight - GRID.head];
    const inSight = columns.keeps && column === this.record.L - 1;
    if (column >= 0 && !inSight) scroller.scrollLeft = scrollToShow(scroller.scrollLeft, columns.room, columns.width, column, 2 * columns.width);
    if (place >= 0) scroller.scrollTop = scrollToShow(scroller.scrollTop, height, GRID.row, place, GRID.row);
    this.paint();
  }

  /** Events of the scroller that are no input. */
  listen() {
    const { scroller, view } = this;
    scroller.addEventListener("scroll", () => {
      this.#waiting ||= requestAnimationFrame(() => {
        this.#waiting = 0;
        this.paint();
      });
    }, { passive: true });
    for (const kind of ["pointerenter", "pointerleave"]) scroller.addEventListener(kind, () => this.#drawMarks());
    new ResizeObserver(() => {
      if (scroller.clientWidth !== parseFloat(view.style.width) || scroller.clientHeight !== parseFloat(view.style.height)) this.#resize();
    }).observe(scroller);
  }

  follow() {
    const { state } = this;
    this.#listRows();
    state.on(["rows", "folded", "zoomedOut", "pins", "query", "dark", ...QUANTITY_KEYS], (changed) => this.#change(changed));
    state.on(["paper"], () => this.#print());
    state.on(["hover"], () => this.#drawMarks());
    state.on(["view"], () => this.#showView());
    state.on(["layer"], () => this.reveal(-1, state.get("layer")));
    state.on(["cell"], () => {
      const cell = state.get("cell");
      if (cell && !state.get("zoomedOut")) this.reveal(this.place(cell.position), cell.layer);
      this.#drawMarks();
    });
  }

  /** @param {Changed} changed */
  #change(changed) {
    const { scroller, state } = this;
    const filter = state.get("rows");
    const relist = changed.has("rows") || changed.has("folded")
      || (changed.has("pins") && (filter === "pinned" || state.get("folded").length > 0))
      || (filter === "matches" && (changed.has("tokens") || changed.has("query")));
    if (relist) this.#listRows();
    if (changed.has("dark")) {
      this.painter.restyle();
      this.peek.restyle();
    }
    scroller.hidden = state.get("zoomedOut");
    if (changed.has("zoomedOut")) this.#resize();
    this.paint();
  }

  #listRows() {
    const { record, scroller, state } = this;
    const filter = state.get("rows");
    const tokens = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    const matches = filter === "matches" ? matchingPositions(record, tokens, state.get("query")) : new Uint8Array(record.T);
    this.rows = gridRows(record, { rows: filter, folded: state.get("folded"), pins: state.get("pins"), matches });
    this.#placeOf = new Map();
    this.rows.forEach((row, place) => this.#placeOf.set(row, place));
    this.sheet.style.height = `${GRID.head + this.rows.length * GRID.row}px`;
    scroller.setAttribute("aria-rowcount", String(this.rows.length + 1));
    scroller.setAttribute("aria-colcount", String(record.L + 1));
    this.empty.hidden = this.rows.length > 0;
    this.empty.textContent = filter === "pinned" ? "Nothing is pinned yet: click a cell or a patch."
      : filter === "matches" ? "No row matches: type or choose a token above." : "This record has no such rows.";
  }

  /** @returns {GridLook} */
  #look() {
    const { state } = this;
    return { quantity: quantityNow(this.record, state), dark: state.get("dark"), layer: state.get("layer"), folded: state.get("folded") };
  }

  #paintNow() {
    const { scroller } = this;
    const height = scroller.clientHeight;
    if (scroller.hidden || height === 0 || !this.view.style.width) return; // not laid out yet: see #resize
    const top = Math.round(scroller.scrollTop);
    this.painter.paint(this.rows, visibleRange(top, height - GRID.head, GRID.row, this.rows.length), this.#columns(), top, this.#look());
    this.#drawMarks();
  }

  #drawMarks() {
    const { scroller } = this;
    const [columns, look] = [this.#columns(), this.#look()];
    const scroll = { top: Math.round(scroller.scrollTop), rows: this.rows.length };
    this.marks.draw(this.state.all(), (row) => this.place(row), columns, scroll, look);
    this.peek.draw(this.#outOfSight(), columns, scroller.clientWidth, look);
  }

  /** The position that is pointed at, or else chosen, when its row is out of sight; −1 for none. */
  #outOfSight() {
    // a pointer in the grid wants to reach the rows that are there
    if (this.scroller.matches(":hover")) return -1;
    const t = (this.state.get("hover") ?? this.state.get("cell"))?.position ?? -1;
    const middle = (this.place(t) + 0.5) * GRID.row - this.scroller.scrollTop;
    return this.place(t) >= 0 && middle > 0 && middle < this.scroller.clientHeight - GRID.head ? -1 : t;
  }

  /** Scroll to the patches of the chosen view; −1 is all tiles. */
  #showView() {
    const wanted = this.state.get("view");
    if (wanted === this.#shownView) return; // nobody has switched it
    this.#shownView = wanted;
    const block = imageBlocks(this.record).find((one) => (wanted === -1 ? one.view > 0 : one.view === wanted));
    const place = block ? [bandOf(block.start), block.start].map((row) => this.place(row)).find((at) => at >= 0) : undefined;
    if (place === undefined) return; // not among the rows
    this.scroller.scrollTop = place * GRID.row;
    this.paint();
  }

  #resize() {
    const { scroller, view } = this;
    if (scroller.clientHeight === 0) return;
    const { width } = this.#columns();
    view.style.setProperty("--column", `${width}px`);
    this.sheet.style.width = `${GRID.side + this.record.L * width}px`;
    view.style.width = `${scroller.clientWidth}px`;
    view.style.height = `${scroller.clientHeight}px`;
    this.painter.resize(scroller.clientWidth, scroller.clientHeight, width, this.state.get("paper") ? 2 : 1);
    this.paint();
  }

  /** Paper takes whole columns and rows, and the layer of the picture; afterwards all is as before. */
  #print() {
    const { scroller, state } = this;
    const paper = state.get("paper");
    if (paper) this.#before = { left: scroller.scrollLeft, top: scroller.scrollTop };
    part(document, "#grid-pane").style.setProperty("--paper-rows", String(Math.min(14, this.rows.length)));
    this.#resize();
    if (paper) {
      this.reveal(-1, state.get("layer"));
      const { width } = this.#columns();
      scroller.scrollLeft = Math.floor(scroller.scrollLeft / width) * width;
      scroller.scrollTop = Math.floor(scroller.scrollTop / GRID.row) * GRID.row;
    } else [scroller.scrollLeft, scroller.scrollTop] = [this.#before.left, this.#before.top];
    this.paint();
  }
}
