/**
 * The zoomed-out grid: its axes, its hover, its click. The painting is in grid/map.js.
 */
import { chooseCell, isPinned, togglePin } from "../core/actions.js";
import { part } from "../core/dom.js";
import { quietText } from "../core/format.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { anchorTooltip } from "../page/tooltip.js";
import { mapLayout, mapRuns, mapShades, paintMap } from "./map.js";
import { isBand } from "./rows.js";
import { moveCursor } from "./window.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Cell } from "../core/state_values.js" */

const MAP_SIDE = 76;
const MAP_HEAD = 22;

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 * @param {() => Int32Array} listRows
 */
export function mountGridMap(root, record, state, listRows) {
  const map = new GridMap(root, record, state, listRows);
  const { area } = map;
  area.addEventListener("pointermove", (event) => map.hover(event));
  area.addEventListener("pointerleave", () => state.set({ hover: null }));
  area.addEventListener("click", (event) => {
    const cell = map.cellAt(event);
    if (cell) pinAndChoose(state, cell);
  });
  area.addEventListener("dblclick", () => state.set({ zoomedOut: false }));
  area.addEventListener("keydown", (event) => map.key(event));
  new ResizeObserver(() => map.draw()).observe(root);
  state.on(["zoomedOut", "rows", "pins", "query", "dark", "paper", ...QUANTITY_KEYS], () => map.draw());
  state.on(["hover", "cell", "layer"], () => map.drawMarks());
}

/** Never lets a pin go, as `chooseAndPin` does. @param {State} state @param {Cell} cell */
function pinAndChoose(state, cell) {
  if (!isPinned(state, cell)) togglePin(state, cell);
  chooseCell(state, cell);
}

class GridMap {
  #record;
  #state;
  #listRows;
  #rows = new Int32Array();
  #layout;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state @param {() => Int32Array} listRows */
  constructor(root, record, state, listRows) {
    this.#record = record;
    this.#state = state;
    this.#listRows = listRows;
    this.#layout = mapLayout(1, record.L, { width: 1, height: 1 });
    this.root = root;
    this.layersAxis = part(root, ".map-layers");
    this.sides = part(root, ".map-sides");
    this.area = part(root, ".map-area");
    this.canvas = part(root, "canvas", HTMLCanvasElement);
    this.cross = part(root, ".map-cross");
    this.chosen = part(root, ".map-chosen");
    this.current = part(root, ".map-layer");
  }

  draw() {
    const [record, state] = [this.#record, this.#state];
    this.root.hidden = !state.get("zoomedOut");
    if (this.root.hidden) return;
    this.#rows = this.#listRows().filter((row) => !isBand(row));
    const rows = this.#rows;
    const room = { width: this.root.clientWidth - MAP_SIDE - 8, height: this.root.clientHeight - MAP_HEAD - 8 };
    this.#layout = mapLayout(Math.max(1, rows.length), record.L, room);
    const { width, height } = this.#layout;
    const density = Math.max(1, devicePixelRatio || 1);
    const lines = Math.max(1, Math.min(rows.length, Math.round(height * density)));
    const dark = state.get("dark");
    const shades = mapShades(rows, lines, record.L, quantityNow(record, state).shade);
    paintMap(this.canvas, shades, record.L, dark, dark ? [38, 43, 52] : [236, 238, 241]);
    for (const element of [this.area, this.canvas]) Object.assign(element.style, { width: `${width}px`, height: `${height}px` });
    this.layersAxis.replaceChildren(...this.#layerLabels());
    this.sides.replaceChildren(...this.#rowLabels());
    this.drawMarks();
  }

  #layerLabels() {
    const { layers, L } = this.#record;
    const every = Math.ceil(30 / this.#layout.column);
    return layers.flatMap((number, l) => (
      l % every === 0 || (l === L - 1 && L % every > every / 2 + 1) ? [axisLabel(String(number), (l + 0.5) * this.#layout.column)] : []));
  }

  /** Of every row where there is room, else of runs of rows of one kind. */
  #rowLabels() {
    const record = this.#record;
    const height = this.#layout.row;
    /** @type {HTMLElement[]} */
    const labels = [];
    let free = -Infinity;
    const add = (/** @type {string} */ text, /** @type {number} */ at, kind = "") => {
      if (at < free) return;
      labels.push(axisLabel(text, at, kind));
      free = at + 13;
    };
    if (height >= 12) {
      this.#rows.forEach((t, n) => {
        const patch = record.kind(t) === 1;
        add(patch ? String(record.patchNumber.get(t)) : quietText(record.label(t)), (n + 0.5) * height, patch ? "number" : "token");
      });
    } else {
      for (const [kind, from, to] of mapRuns(this.#rows, (t) => record.kind(t))) {
        if ((to - from) * height >= 13 || kind !== 1) add(["text", "image", "answer"][kind], Math.max(7, ((from + to) / 2) * height));
      }
    }
    return labels;
  }

  drawMarks() {
    if (this.root.hidden) return;
    const state = this.#state;
    this.#put(this.cross, state.get("hover"));
    this.#put(this.chosen, state.get("cell"));
    this.current.style.left = `${state.get("layer") * this.#layout.column}px`;
    this.current.style.width = `${this.#layout.column}px`;
  }

  /** @param {HTMLElement} mark @param {Cell|null} cell */
  #put(mark, cell) {
    const n = cell ? this.#rows.indexOf(cell.position) : -1;
    mark.hidden = n < 0;
    if (!cell || n < 0) return;
    const { column, row } = this.#layout;
    Object.assign(mark.style, { left: `${cell.layer * column}px`, top: `${n * row}px`, width: `${column}px`, height: `${Math.max(3, row)}px` });
  }

  /** @param {MouseEvent} event @returns {Cell|null} */
  cellAt(event) {
    const frame = this.area.getBoundingClientRect();
    const layer = Math.floor((event.clientX - frame.left) / this.#layout.column);
    const n = Math.floor((event.clientY - frame.top) / this.#layout.row);
    if (layer < 0 || layer >= this.#record.L || n < 0 || n >= this.#rows.length) return null;
    return { layer, position: this.#rows[n] };
  }

  /** @param {MouseEvent} event */
  hover(event) {
    const cell = this.cellAt(event);
    if (cell) anchorAround(event.clientX, event.clientY);
    this.#state.set({ hover: cell });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const [state, rows] = [this.#state, this.#rows];
    if (rows.length === 0) return;
    const from = state.get("hover") ?? state.get("cell") ?? { layer: state.get("layer"), position: rows[0] };
    const at = { row: Math.max(0, rows.indexOf(from.position)), column: from.layer };
    const moved = moveCursor(event.key, event.ctrlKey || event.metaKey, at, { rows: rows.length, columns: this.#record.L, page: 24 });
    if (!moved && event.key !== "Enter") return;
    event.preventDefault();
    if (!moved) {
      pinAndChoose(state, from);
      return;
    }
    const frame = this.area.getBoundingClientRect();
    anchorAround(frame.left + (moved.column + 0.5) * this.#layout.column, frame.top + (moved.row + 0.5) * this.#layout.row);
    state.set({ hover: { layer: moved.column, position: rows[moved.row] } });
  }
}

/** Blocks are small: the tooltip keeps away from the pointer. @param {number} x @param {number} y */
function anchorAround(x, y) {
  anchorTooltip({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 });
}

/** @param {string} text @param {number} at pixels along the axis @param {string} [kind] class */
function axisLabel(text, at, kind = "") {
  const label = document.createElement("span");
  label.textContent = text;
  label.className = kind;
  label.style.setProperty("--at", `${at}px`);
  return label;
}
