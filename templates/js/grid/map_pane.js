/**
 * The zoomed-out grid: its axes, its hover, its click. The painting is in grid/map.js.
 */
import { chooseCell, isPinned, togglePin } from "../core/actions.js";
import { visibleText } from "../core/format.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { anchorTooltip } from "../page/tooltip.js";
import { mapLayout, mapRuns, mapShades, paintMap } from "./map.js";
import { isBand } from "./rows.js";
import { moveCursor } from "./window.js";

const MAP_SIDE = 76;
const MAP_HEAD = 22;

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 * @param {() => Int32Array} listRows
 */
export function mountGridMap(root, record, state, listRows) {
  const [layersAxis, sides, area] = [".map-layers", ".map-sides", ".map-area"].map((name) => root.querySelector(name));
  const canvas = area.querySelector("canvas");
  const [cross, chosen, current] = [".map-cross", ".map-chosen", ".map-layer"].map((name) => area.querySelector(name));
  let rows = new Int32Array();
  let layout = mapLayout(1, record.L, { width: 1, height: 1 });

  function draw() {
    root.hidden = !state.get("zoomedOut");
    if (root.hidden) return;
    rows = listRows().filter((row) => !isBand(row));
    const room = { width: root.clientWidth - MAP_SIDE - 8, height: root.clientHeight - MAP_HEAD - 8 };
    layout = mapLayout(Math.max(1, rows.length), record.L, room);
    const density = Math.max(1, devicePixelRatio || 1);
    const lines = Math.max(1, Math.min(rows.length, Math.round(layout.height * density)));
    const shades = mapShades(rows, lines, record.L, quantityNow(record, state).shade);
    paintMap(canvas, shades, record.L, state.get("dark"), state.get("dark") ? [38, 43, 52] : [236, 238, 241]);
    for (const element of [area, canvas]) {
      element.style.width = `${layout.width}px`;
      element.style.height = `${layout.height}px`;
    }
    drawAxes();
    drawMarks();
  }

  function axisLabel(text, at, kind = "") {
    const label = document.createElement("span");
    label.textContent = text;
    label.className = kind;
    label.style.setProperty("--at", `${at}px`);
    return label;
  }

  function drawAxes() {
    const every = Math.ceil(30 / layout.column);
    layersAxis.replaceChildren(...record.layers.flatMap((number, l) => (
      l % every === 0 || l === record.L - 1 && record.L % every > every / 2 + 1
        ? [axisLabel(String(number), (l + 0.5) * layout.column)] : [])));
    const labels = [];
    let free = -Infinity;
    const add = (text, at, kind) => {
      if (at < free) return;
      labels.push(axisLabel(text, at, kind));
      free = at + 13;
    };
    if (layout.row >= 12) {
      rows.forEach((t, n) => add(record.kind(t) === 1 ? String(record.patchNumber.get(t)) : visibleText(record.label(t)), (n + 0.5) * layout.row, record.kind(t) === 1 ? "number" : "token"));
    } else {
      for (const [kind, from, to] of mapRuns(rows, (t) => record.kind(t))) {
        const height = (to - from) * layout.row;
        if (height >= 13 || kind !== 1) add(["text", "image", "answer"][kind], Math.max(7, (from + to) / 2 * layout.row), "");
      }
    }
    sides.replaceChildren(...labels);
  }

  function put(mark, cell) {
    const n = cell ? rows.indexOf(cell.position) : -1;
    mark.hidden = n < 0;
    if (n < 0) return;
    mark.style.left = `${cell.layer * layout.column}px`;
    mark.style.top = `${n * layout.row}px`;
    mark.style.width = `${layout.column}px`;
    mark.style.height = `${Math.max(3, layout.row)}px`;
  }

  function drawMarks() {
    if (root.hidden) return;
    put(cross, state.get("hover"));
    put(chosen, state.get("cell"));
    current.style.left = `${state.get("layer") * layout.column}px`;
    current.style.width = `${layout.column}px`;
  }

  function cellAt(event) {
    const frame = area.getBoundingClientRect();
    const layer = Math.floor((event.clientX - frame.left) / layout.column);
    const n = Math.floor((event.clientY - frame.top) / layout.row);
    if (layer < 0 || layer >= record.L || n < 0 || n >= rows.length) return null;
    return { layer, position: rows[n] };
  }

  area.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    const [x, y] = [event.clientX, event.clientY];
    if (cell) anchorTooltip({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 });
    state.set({ hover: cell });
  });
  area.addEventListener("pointerleave", () => state.set({ hover: null }));
  area.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (!cell) return;
    if (!isPinned(state, cell)) togglePin(state, cell);
    chooseCell(state, cell);
  });
  area.addEventListener("dblclick", () => state.set({ zoomedOut: false }));
  area.addEventListener("keydown", (event) => {
    if (rows.length === 0) return;
    const from = state.get("hover") ?? state.get("cell") ?? { layer: state.get("layer"), position: rows[0] };
    if (event.key === "Enter") {
      if (!isPinned(state, from)) togglePin(state, from);
      chooseCell(state, from);
      event.preventDefault();
      return;
    }
    const moved = moveCursor(event.key, event.ctrlKey || event.metaKey, { row: Math.max(0, rows.indexOf(from.position)), column: from.layer },
      { rows: rows.length, columns: record.L, page: 24 });
    if (!moved) return;
    event.preventDefault();
    const frame = area.getBoundingClientRect();
    const [x, y] = [frame.left + (moved.column + 0.5) * layout.column, frame.top + (moved.row + 0.5) * layout.row];
    anchorTooltip({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 });
    state.set({ hover: { layer: moved.column, position: rows[moved.row] } });
  });

  new ResizeObserver(draw).observe(root);
  state.on(["zoomedOut", "rows", "pins", "query", "dark", "paper", ...QUANTITY_KEYS], draw);
  state.on(["hover", "cell", "layer"], drawMarks);
}
