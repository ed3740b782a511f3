/**
 * The layer × position grid. Only what is visible is painted, in both directions; what the pointer
 * or the keys are on is a real cell that lies over the painting, for selection and screen readers.
 * This file says what is drawn when; grid/geometry.js knows where things are, grid/paint.js paints,
 * grid/marks.js and grid/peek.js draw over it, grid/input.js listens.
 */
import { cloneAll, part, thePicture } from "../core/dom.js";
import { imageBlocks } from "../core/image_blocks.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { spannedLayers } from "../core/span.js";
import { drawOnce } from "../core/work.js";
import { mountGridControls } from "./controls.js";
import { mountLayerChoice } from "./layer_choice.js";
import { GridGeometry } from "./geometry.js";
import { listenToGrid } from "./input.js";
import { mountGridMap } from "./map_pane.js";
import { GridMarks } from "./marks.js";
import { GridPainter } from "./paint.js";
import { GridPeek } from "./peek.js";
import { bandOf, gridRows, matchingPositions } from "./rows.js";
import { GridScroll } from "./scroll.js";
import { followsLayer, inOrder } from "./sort.js";
import { GRID, visibleRange } from "./window.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Changed, State } from "../core/state.js" */
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
  mountLayerChoice(part(body, ".grid-layers", HTMLSelectElement), record, state, () => grid.geometry.fit());
  mountGridMap(part(body, ".grid-map"), record, state, () => grid.rows);
  listenToGrid(grid, record, state);
  grid.listen();
  grid.follow();
}

/** Which rows are listed, where they and the columns are on the screen, and drawing them. */
export class GridPane {
  /** @type {Int32Array} */
  rows = new Int32Array();
  /** The first scroll, to the layer of the picture, has been made. */
  #opened = false;
  /** Row → place in the list of rows. @type {Map<number, number>} */
  #placeOf = new Map();
  /** Where it was scrolled to before printing; null: it is not being printed. @type {{left: number, top: number}|null} */
  #before = null;
  /** The view that the rows were scrolled to. */
  #shownView;
  #waiting = 0;
  /** What was scrolled to while other panes may not have had their size yet. @type {{place: number, layer: number}|null} */
  #revealed = null;

  /** @param {HTMLElement} body @param {LensPage} record @param {State} state */
  constructor(body, record, state) {
    this.record = record;
    this.state = state;
    this.scroller = part(body, ".grid-scroller");
    this.geometry = new GridGeometry(this.scroller);
    this.sheet = part(body, ".grid-sheet");
    this.view = part(body, ".grid-view");
    this.empty = part(body, ".grid-empty");
    const picture = thePicture();
    this.marks = new GridMarks(this.view, record);
    this.peek = new GridPeek(part(body, ".grid-peek", HTMLCanvasElement), record, picture);
    this.painter = new GridPainter(part(body, ".grid-canvas", HTMLCanvasElement), record, picture);
    this.paint = drawOnce(() => this.#paintNow());
    this.scroll = new GridScroll(this, state);
    this.#shownView = record.views[0] ?? 0;
    this.geometry.layers = spannedLayers(state.get("span"), record.L);
    picture?.decode().then(this.paint, () => { /* a picture that cannot be decoded: no thumbnails */ });
  }

  /** Place of a row in the list of rows, −1 when it is filtered out. @param {number} row */
  place(row) { return this.#placeOf.get(row) ?? -1; }

  /** @param {number} place @param {number} layer −1 leaves that direction alone */
  reveal(place, layer) {
    this.geometry.scrollTo(place, layer);
    this.#revealed = { place, layer };
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
    state.on(["rows", "order", "whole", "span", "folded", "zoomedOut", "pins", "query", "dark", ...QUANTITY_KEYS], (changed) => this.#change(changed));
    state.on(["paper"], () => this.#print());
    state.on(["hover"], () => this.#drawMarks());
    state.on(["view"], () => this.#showView());
    state.on(["layer"], () => {
      if (followsLayer(state.get("order"))) this.#listRows();
      if (this.#opened) this.reveal(-1, state.get("layer"));
    });
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
    const relist = changed.has("rows") || changed.has("order") || changed.has("lens") || changed.has("folded")
      || (changed.has("pins") && (filter === "pinned" || state.get("folded").length > 0))
      || (filter === "matches" && (changed.has("tokens") || changed.has("query")));
    if (relist) this.#listRows();
    if (changed.has("dark")) {
      this.painter.restyle();
      this.peek.restyle();
    }
    scroller.hidden = state.get("zoomedOut");
    if (changed.has("span")) this.geometry.layers = spannedLayers(state.get("span"), this.record.L);
    if (relist || changed.has("zoomedOut") || changed.has("span")) this.#resize();
    if (changed.has("span") && this.#opened) this.reveal(-1, state.get("layer"));
    this.paint();
  }

  #listRows() {
    const { record, scroller, state } = this;
    const filter = state.get("rows");
    const tokens = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    const matches = filter === "matches" ? matchingPositions(record, tokens, state.get("query")) : new Uint8Array(record.T);
    const listed = gridRows(record, { rows: filter, folded: state.get("folded"), pins: state.get("pins"), matches });
    this.rows = inOrder(record, listed, state.get("order"), state.get("layer"));
    this.geometry.rows = this.rows.length;
    this.#placeOf = new Map();
    this.rows.forEach((row, place) => this.#placeOf.set(row, place));
    scroller.setAttribute("aria-rowcount", String(this.rows.length + 1));
    this.empty.hidden = this.rows.length > 0;
    this.empty.textContent = filter === "pinned" ? "Nothing is pinned yet: click a cell or a patch."
      : filter === "matches" ? "No row matches: type or choose a token above." : "This record has no such rows.";
  }

  /** @returns {GridLook} */
  #look() {
    const { state } = this;
    return { quantity: quantityNow(this.record, state), dark: state.get("dark"), layer: state.get("layer"), folded: state.get("folded"), whole: state.get("whole") };
  }

  #paintNow() {
    const { scroller } = this;
    const height = scroller.clientHeight;
    if (scroller.hidden || height === 0 || !this.view.style.width) return; // not laid out yet: see #resize
    if (this.#revealed) this.geometry.scrollTo(this.#revealed.place, this.#revealed.layer);
    this.#revealed = null;
    this.scroll.restore();
    const top = Math.round(scroller.scrollTop);
    this.painter.paint(this.rows, visibleRange(top, height - GRID.head, this.geometry.row, this.rows.length), this.geometry.columns(), { top, row: this.geometry.row }, this.#look());
    this.#drawMarks();
  }

  #drawMarks() {
    const { scroller } = this;
    const [columns, look] = [this.geometry.columns(), this.#look()];
    const scroll = { top: Math.round(scroller.scrollTop), rows: this.rows.length, row: this.geometry.row };
    this.marks.draw(this.state.all(), (row) => this.place(row), columns, scroll, look);
    this.peek.draw(this.#outOfSight(), columns, scroller.clientWidth, look);
  }

  /** The position that is pointed at, or else chosen, when its row is out of sight; −1 for none. */
  #outOfSight() {
    // a pointer in the grid wants to reach the rows that are there
    if (this.scroller.matches(":hover")) return -1;
    const t = (this.state.get("hover") ?? this.state.get("cell"))?.position ?? -1;
    return this.place(t) < 0 || !this.geometry.inSight(this.place(t)) ? t : -1;
  }

  /** Scroll to the patches of the chosen view; −1 is all tiles. */
  #showView() {
    const wanted = this.state.get("view");
    if (wanted === this.#shownView) return; // nobody has switched it
    this.#shownView = wanted;
    const block = imageBlocks(this.record).find((one) => (wanted === -1 ? one.view > 0 : one.view === wanted));
    const place = block ? [bandOf(block.start), block.start].map((row) => this.place(row)).find((at) => at >= 0) : undefined;
    if (place === undefined) return; // not among the rows
    this.scroller.scrollTop = place * this.geometry.row;
    this.paint();
  }

  #resize() {
    const { scroller, view } = this;
    if (scroller.clientHeight === 0) return;
    const { geometry } = this;
    const cell = this.state.get("cell");
    const [first, left, wasInSight] = [scroller.scrollTop / geometry.row, scroller.scrollLeft / geometry.width, cell !== null && geometry.wasInSight(this.place(cell.position))];
    const moved = geometry.measure();
    const { width, most } = geometry.columns();
    view.style.setProperty("--column", `${width}px`);
    view.style.setProperty("--row", `${Math.ceil(geometry.row)}px`);
    this.sheet.style.height = `${GRID.head + this.rows.length * geometry.row}px`;
    this.sheet.style.width = `${scroller.clientWidth + most}px`;
    if (moved) [scroller.scrollTop, scroller.scrollLeft] = [Math.round(first) * geometry.row, Math.round(left) * width];
    if (moved && wasInSight && cell) geometry.scrollTo(this.place(cell.position), -1);
    view.style.width = `${scroller.clientWidth}px`;
    view.style.height = `${scroller.clientHeight}px`;
    scroller.setAttribute("aria-colcount", String(geometry.layers.length + 1));
    this.painter.resize(scroller.clientWidth, scroller.clientHeight, width, this.state.get("paper") ? 2 : 1);
    if (!this.#opened) geometry.scrollToEnd(this.state.get("layer"));
    this.#opened = true;
    this.scroll.opened();
    this.paint();
  }

  /** Paper takes whole columns and rows, and the layer of the picture; afterwards all is as before. */
  #print() {
    const { scroller, state } = this;
    const paper = state.get("paper");
    if (!paper && !this.#before) return;
    if (paper) this.#before = { left: scroller.scrollLeft, top: scroller.scrollTop };
    part(document, "#grid-pane").style.setProperty("--paper-rows", String(Math.min(14, this.rows.length)));
    this.#resize();
    if (paper) {
      this.reveal(-1, state.get("layer"));
      this.geometry.scrollToWhole();
    } else if (this.#before) {
      [scroller.scrollLeft, scroller.scrollTop] = [this.#before.left, this.#before.top];
      this.#before = null;
    }
    this.paint();
  }
}
