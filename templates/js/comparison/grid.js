/**
 * Layers × positions of A, of B, or of their difference, on one canvas that draws what is in sight.
 * In the difference a cell that flips says both words: A's above, B's below.
 */
import { byId, cloneAll, moveOf, part, penOf } from "../core/dom.js";
import { themeColours } from "../core/theme.js";
import { measureOf } from "./measures.js";
import { GRID_HEAD, paintPairGrid } from "./grid_paint.js";
import { pairRows } from "./order.js";
import { panelText } from "./panels.js";
import { anchorPairTip } from "./tip.js";
/** @import { State } from "../core/state.js" */
/** @import { Cell, StateValues } from "../core/state_values.js" */
/** @import { PairPage } from "./pair.js" */

const NARROWEST = 46;
const TALL = { a: 20, b: 20, difference: 32 };

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountPairGrid(root, pair, state) {
  root.append(cloneAll("grid-frame"));
  const grid = new PairGrid(root, pair, state);
  const { scroll } = grid;
  scroll.addEventListener("scroll", () => { state.set({ hover: null }); grid.draw(); });
  scroll.addEventListener("pointermove", (event) => grid.point(event));
  scroll.addEventListener("pointerleave", () => state.set({ hover: null }));
  scroll.addEventListener("click", (event) => grid.choose(event));
  scroll.addEventListener("keydown", (event) => grid.move(event));
  new ResizeObserver(() => grid.resize()).observe(scroll);
  state.on(["rows", "order", "shown", "measure", "layer", "hover", "dark"], (changed) => {
    /** @type {(keyof StateValues)[]} the order may follow the layer */
    const listedBy = state.get("order") === "apart" ? ["rows", "order", "shown", "measure", "layer"] : ["rows", "order", "shown"];
    if (listedBy.some((key) => changed.has(key))) grid.resize();
    else grid.draw();
  });
  state.on(["cell"], () => grid.reveal());
  state.on(["layer"], () => grid.revealLayer(state.get("layer")));
}

class PairGrid {
  /** Rows that are shown. @type {number[]} */
  #rows = [];
  #width = NARROWEST;
  #pair;
  #state;
  #root;

  /** @param {HTMLElement} root @param {PairPage} pair @param {State} state */
  constructor(root, pair, state) {
    this.#root = root;
    this.#pair = pair;
    this.#state = state;
    this.scroll = part(root, ".pair-scroll");
    this.canvas = part(root, "canvas", HTMLCanvasElement);
  }

  get #height() { return TALL[this.#state.get("shown")]; }

  /** Which rows there are, and how large cells and canvas are. */
  resize() {
    const [pair, { scroll, canvas }] = [this.#pair, this];
    this.#rows = pairRows(pair, this.#state.all(), measureOf(pair, this.#state.get("measure")));
    this.#width = Math.max(NARROWEST, Math.floor((scroll.clientWidth - GRID_HEAD.width) / pair.L));
    const sheet = part(this.#root, ".pair-sheet");
    sheet.style.width = `${GRID_HEAD.width + pair.L * this.#width}px`;
    sheet.style.height = `${GRID_HEAD.height + this.#rows.length * this.#height}px`;
    const density = Math.min(3, Math.max(1, devicePixelRatio || 1));
    Object.assign(canvas.style, { width: `${scroll.clientWidth}px`, height: `${scroll.clientHeight}px` });
    [canvas.width, canvas.height] = [Math.round(scroll.clientWidth * density), Math.round(scroll.clientHeight * density)];
    penOf(canvas).setTransform(density, 0, 0, density, 0, 0);
    this.draw();
  }

  draw() {
    const state = this.#state;
    const { layer, shown, dark, hover, cell } = state.all();
    paintPairGrid(penOf(this.canvas), this.#pair, {
      rows: this.#rows, width: this.#width, height: this.#height,
      left: this.scroll.scrollLeft, top: this.scroll.scrollTop, room: { width: this.scroll.clientWidth, height: this.scroll.clientHeight },
      measure: measureOf(this.#pair, state.get("measure")), shown, dark, layer, hover, cell, colours: themeColours(this.#root),
    });
  }

  /** The cell under a point of the screen. @param {MouseEvent} event @returns {Cell|null} */
  #cellAt(event) {
    const edge = this.scroll.getBoundingClientRect();
    const [x, y] = [event.clientX - edge.left, event.clientY - edge.top];
    if (y < GRID_HEAD.height) return null;
    const row = this.#rows[Math.floor((y - GRID_HEAD.height + this.scroll.scrollTop) / this.#height)];
    const layer = x < GRID_HEAD.width ? this.#state.get("layer") : Math.floor((x - GRID_HEAD.width + this.scroll.scrollLeft) / this.#width);
    return row === undefined || layer >= this.#pair.L ? null : { layer, position: row };
  }

  /** @param {MouseEvent} event */
  point(event) {
    const hover = this.#cellAt(event);
    const before = this.#state.get("hover");
    if (hover?.layer === before?.layer && hover?.position === before?.position) return;
    anchorPairTip(hover && this.#edges(hover), "below");
    this.#state.set({ hover });
  }

  /** A click selects a cell, and shows its layer on the maps; on a layer's number only that. @param {MouseEvent} event */
  choose(event) {
    const cell = this.#cellAt(event);
    const edge = this.scroll.getBoundingClientRect();
    const layer = Math.floor((event.clientX - edge.left - GRID_HEAD.width + this.scroll.scrollLeft) / this.#width);
    if (cell) this.#state.set({ cell, layer: cell.layer });
    else if (layer >= 0 && layer < this.#pair.L && event.clientX - edge.left > GRID_HEAD.width) this.#state.set({ layer });
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const page = Math.max(1, Math.floor((this.scroll.clientHeight - GRID_HEAD.height) / this.#height) - 1);
    const down = moveOf(event, { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page });
    const right = moveOf(event, { ArrowLeft: -1, ArrowRight: 1, Home: -this.#pair.L, End: this.#pair.L });
    if ((down === undefined && right === undefined) || event.ctrlKey || event.metaKey || event.altKey || !this.#rows.length) return;
    event.preventDefault();
    const cell = this.#state.get("cell") ?? { layer: this.#state.get("layer"), position: this.#rows[0] };
    const at = Math.max(0, Math.min(this.#rows.length - 1, Math.max(0, this.#rows.indexOf(cell.position)) + (down ?? 0)));
    const layer = Math.max(0, Math.min(this.#pair.L - 1, cell.layer + (right ?? 0)));
    this.#state.set({ cell: { layer, position: this.#rows[at] }, layer, hover: null });
    const measure = measureOf(this.#pair, this.#state.get("measure"));
    const words = this.#state.get("shown");
    byId("announcer").textContent = `${this.#pair.label(this.#rows[at])}, ${this.#pair.layerName(layer)}: ${panelText(this.#pair, measure, words, layer, this.#rows[at])}`;
  }

  /** Scroll until the selected cell is in sight. */
  reveal() {
    const cell = this.#state.get("cell");
    const at = cell ? this.#rows.indexOf(cell.position) : -1;
    if (!cell || at < 0) return;
    const { scroll } = this;
    const [top, room] = [at * this.#height, scroll.clientHeight - GRID_HEAD.height];
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + this.#height > scroll.scrollTop + room) scroll.scrollTop = top + this.#height - room;
    this.revealLayer(cell.layer);
    this.draw();
  }

  /** Scroll until a layer is in sight. @param {number} layer */
  revealLayer(layer) {
    const { scroll } = this;
    const [left, room] = [layer * this.#width, scroll.clientWidth - GRID_HEAD.width];
    if (left < scroll.scrollLeft) scroll.scrollLeft = left;
    else if (left + this.#width > scroll.scrollLeft + room) scroll.scrollLeft = left + this.#width - room;
  }

  /** Where a cell is on the screen. @param {Cell} cell */
  #edges(cell) {
    const edge = this.scroll.getBoundingClientRect();
    const left = edge.left + GRID_HEAD.width + cell.layer * this.#width - this.scroll.scrollLeft;
    const top = edge.top + GRID_HEAD.height + this.#rows.indexOf(cell.position) * this.#height - this.scroll.scrollTop;
    return { left, top, right: left + this.#width, bottom: top + this.#height };
  }
}

