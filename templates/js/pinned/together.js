/**
 * All pinned positions in one chart, with a table of tokens and positions beside it and a line on each
 * position below.
 */
import { LINES } from "../core/colour.js";
import { childrenOf, cloneOne, hit, part } from "../core/dom.js";
import { onsetAt, onsetOf, readingsAt } from "../core/onset.js";
import { svgElement } from "../core/svg.js";
import { drawPatchThumb } from "../image/thumb.js";
import { anchorTooltip } from "../page/tooltip.js";
import { AXIS_NAMES, CHART, chartColour, chartFrame, chartLayerAt, chartLine, layerAxis, nameSeries, plotOf } from "./chart.js";
import { pointText } from "./chart_data.js";
import { slideByKeys } from "./input.js";
import { nearestPin, numberSpots } from "./together_data.js";
/** @import { PinnedPosition } from "../core/pins.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Plot, PlotSize } from "./chart.js" */
/** @import { TogetherModel } from "./together_data.js" */

/** Lines of the first, the second … position. */
const DASHES = ["none", "7 3", "2 2.5", "10 3 2 3", "5 2 1.5 2", "1.5 4"];
const TOGETHER_HEIGHT = { least: 118, most: 260, head: 20 };

/** @typedef {{root: HTMLElement, layOut: (room: {width: number, height: number}) => void, read: (layer: number) => void}} PinnedView */

/** @param {TogetherModel} model @param {State} state @returns {PinnedView} */
export function pinsTogether(model, state) {
  const root = cloneOne("pinned-together");
  const view = new PinsTogether(root, model, state);
  view.fill();
  view.listen();
  return view;
}

class PinsTogether {
  /** @type {Plot|null} */
  #plot = null;
  #model;
  #state;

  /** @param {HTMLElement} root @param {TogetherModel} model @param {State} state */
  constructor(root, model, state) {
    this.root = root;
    this.#model = model;
    this.#state = state;
    this.svg = part(root, ".plot svg", SVGElement);
    this.slider = part(root, ".plot");
    this.table = part(root, ".pin-table");
  }

  fill() {
    const { record, pins, rows, chosen } = this.#model;
    const dark = this.#state.get("dark");
    part(this.table, "thead tr").append(...pins.map((pin, n) => {
      const head = cloneOne("pin-column");
      const [number, line] = childrenOf(head);
      number.textContent = String(pin.number);
      part(line, "line", SVGElement).setAttribute("stroke-dasharray", DASHES[n % DASHES.length]);
      head.title = record.label(pin.position);
      return head;
    }));
    part(this.table, "tbody").replaceChildren(...rows.map((row) => {
      const line = cloneOne("pin-row");
      const label = part(line, ".chart-label");
      const [swatch, text] = childrenOf(label);
      swatch.style.background = chartColour({ ...row.lines[0], colour: row.colour }, dark);
      nameSeries(text, record, row.lines[0]);
      label.dataset.index = String(row.index);
      label.classList.toggle("chosen", chosen.includes(row.index));
      label.title = row.index < 0 ? "Of all chosen tokens" : `${record.text(row.index)} (id ${record.id(row.index)}): show it on the image`;
      line.append(...pins.map(() => cloneOne("pin-value")));
      return line;
    }));
    part(this.root, ".pin-list").replaceChildren(...pins.map((pin) => pinLine(record, pin, this.#state.get("tokens"))));
    this.slider.setAttribute("aria-label", `${rows.length} tokens at ${pins.length} positions, over the layers`);
    this.slider.setAttribute("aria-valuemin", "0");
    this.slider.setAttribute("aria-valuemax", String(record.L - 1));
  }

  /** @param {{width: number, height: number}} room */
  layOut({ width: all, height: room }) {
    const { rows } = this.#model;
    const paper = this.#state.get("paper");
    const values = part(this.root, ".pin-values");
    values.style.width = "max-content";
    const table = Math.min(all, this.table.offsetWidth);
    const below = table > all * 0.58; // beside it the chart would have no room
    part(this.root, ".chart").classList.toggle("stacked", below);
    values.style.width = `${table}px`;
    const { least, most, head } = TOGETHER_HEIGHT;
    const lines = rows.length * CHART.label;
    // whole lines in sight: of the table below it, or of the list
    const whole = Math.min(lines, CHART.label * Math.max(0, Math.floor((room - head - least) / CHART.label)));
    const listed = childrenOf(part(this.root, ".pin-list")).slice(0, 2).reduce((sum, line) => sum + line.offsetHeight, 0);
    const free = room - 2 - (below ? head + whole : listed);
    const height = paper ? CHART.paper : Math.max(least, below ? 0 : head + lines, Math.min(most, free));
    this.#plot = this.#draw({ width: below ? all : all - table - 10, height });
  }

  /** @param {PlotSize} size @returns {Plot} */
  #draw({ width, height }) {
    const { record, axis, scale, pins, rows } = this.#model;
    const dark = this.#state.get("dark");
    const { x, y } = plotOf(record, axis, { width, height });
    const bottom = height - CHART.bottom;
    const marked = [...new Set(pins.flatMap((pin) => pin.layers))];
    const { svg } = this;
    svg.setAttribute("width", String(width));
    svg.setAttribute("height", String(height));
    svg.replaceChildren(
      ...chartFrame(axis, AXIS_NAMES[scale], { width, height }), ...layerAxis(record, x, { width, height }),
      ...marked.map((l) => svgElement("line", { class: "chart-pin", x1: x(l), x2: x(l), y1: CHART.top, y2: bottom })),
      svgElement("line", { class: "chart-now", x1: 0, x2: 0, y1: CHART.top, y2: bottom }),
      ...rows.flatMap((row) => row.lines.map((line, n) => {
        const drawn = chartLine(line, { x, y }, dark, DASHES[n % DASHES.length]);
        drawn.dataset.pin = String(n);
        return drawn;
      })),
      ...numberSpots(this.#model, x, y, [CHART.left + 6, width - 7]).flatMap((spot) => this.#number(spot, LINES[dark ? "dark" : "light"][rows[spot.row].colour] ?? "currentColor")),
    );
    return { x, y };
  }

  /** @param {{row: number, pin: number, x: number, y: number}} spot @param {string} colour */
  #number({ row, pin, x, y }, colour) {
    const group = svgElement("g", { class: "chart-number", "data-index": this.#model.rows[row].index, "data-pin": pin });
    group.append(svgElement("circle", { cx: x, cy: y, r: 6, stroke: colour }),
      svgElement("text", { x, y: y + 3.2, "text-anchor": "middle" }, String(this.#model.pins[pin].number)));
    return [group];
  }

  /** The values at a layer. @param {number} layer */
  read(layer) {
    const { record, rows, scale } = this.#model;
    if (!this.#plot) return;
    const now = part(this.root, ".chart-now", SVGElement);
    for (const end of ["x1", "x2"]) now.setAttribute(end, String(this.#plot.x(layer)));
    part(this.table, ".pin-layer").textContent = record.layerName(layer);
    const lines = childrenOf(part(this.table, "tbody"));
    const texts = rows.map((row, r) => row.lines.map((line, n) => {
      const cell = childrenOf(lines[r])[n + 1];
      const text = pointText(line.points[layer], scale);
      cell.textContent = text;
      cell.classList.toggle("unknown", !line.points[layer].exact);
      return text;
    }));
    this.slider.setAttribute("aria-valuenow", String(layer));
    this.slider.setAttribute("aria-valuetext", `${record.layerName(layer)}: ${rows.map((row, r) => `${row.name ?? record.text(row.index)} ${texts[r].join(", ")}`).join("; ")}`);
  }

  listen() {
    const { root, slider } = this;
    const [state, { record, pins }] = [this.#state, this.#model];
    const hover = (/** @type {number} */ layer, /** @type {number} */ pin) => {
      // beside the whole pane, so that no line is hidden
      anchorTooltip((root.parentElement ?? root).getBoundingClientRect());
      state.set({ hover: { layer, position: pins[pin].position } });
    };
    root.addEventListener("pointermove", (event) => {
      const label = hit(event, ".chart-label, .pin-column, .pin-list li");
      this.#fade(label);
      if (!hit(event, ".plot")) return;
      const layer = chartLayerAt(root, record, event.clientX);
      hover(layer, this.#plot ? nearestPin(this.#model, layer, this.#plot.y, event.clientY - this.svg.getBoundingClientRect().top) : 0);
    });
    root.addEventListener("pointerleave", () => this.#fade(null));
    root.addEventListener("click", (event) => {
      const label = hit(event, ".chart-label");
      const line = hit(event, ".pin-list li");
      const index = Number(label?.dataset.index ?? -1);
      if (hit(event, ".card-unpin") && line) state.set({ pins: state.get("pins").filter((pin) => pin.position !== Number(line.dataset.position)), hover: null });
      else if (index >= 0) {
        const only = state.get("tokens").length === 1 && state.get("tokens")[0] === record.id(index);
        state.set({ tokens: only ? [] : [record.id(index)] });
      } else if (hit(event, ".plot")) state.set({ layer: chartLayerAt(root, record, event.clientX) });
      else if (line) state.set({ cell: state.get("pins").findLast((pin) => pin.position === Number(line.dataset.position)) ?? null });
    });
    slider.addEventListener("focus", () => { if (slider.matches(":focus-visible")) hover(state.get("layer"), pins.length - 1); });
    slider.addEventListener("blur", () => state.set({ hover: null }));
    slider.addEventListener("keydown", (event) => {
      slideByKeys(event, state.get("hover")?.layer ?? state.get("layer"), record.L - 1, (layer) => hover(layer, pins.length - 1), (layer) => state.set({ layer }));
    });
  }

  /** One token, or one position, stands out. @param {HTMLElement|null} what */
  #fade(what) {
    const index = what?.dataset.index;
    const pin = what?.matches(".pin-column, .pin-list li") ? String(what.matches("li") ? childrenOf(part(this.root, ".pin-list")).indexOf(what) : childrenOf(part(this.table, "thead tr")).indexOf(what) - 1) : undefined;
    for (const line of this.svg.querySelectorAll(".chart-line, .chart-number")) {
      const { dataset } = /** @type {SVGElement} */ (line);
      line.classList.toggle("faded", (index !== undefined && dataset.index !== index) || (pin !== undefined && dataset.pin !== pin));
    }
  }
}

/** A position in words: its number, its pixels, its name, the story of its word. @param {LensPage} record @param {PinnedPosition} pin @param {number[]} tokens chosen ids */
function pinLine(record, { number, position, layers }, tokens) {
  const line = cloneOne("pin-line");
  const [badge, thumb, name, story, unpin] = childrenOf(line);
  line.dataset.position = String(position);
  badge.textContent = String(number);
  drawPatchThumb(/** @type {HTMLCanvasElement} */ (thumb), record, position);
  name.textContent = record.label(position);
  name.classList.toggle("token", record.kind(position) !== 1);
  tellPosition(story, record, position, layers, tokens);
  unpin.setAttribute("aria-label", `Unpin ${record.label(position)}`);
  return line;
}

/**
 * From which layer on a position reads as the chosen tokens; without any, as what it was pinned for.
 * @param {HTMLElement} element
 * @param {LensPage} record
 * @param {number} position
 * @param {number[]} layers at which it was pinned
 * @param {number[]} tokens chosen ids
 */
export function tellPosition(element, record, position, layers, tokens) {
  const chosen = tokens.map((id) => record.indexOf(id)).filter((i) => i >= 0);
  const indices = chosen.length ? chosen : [record.topIndex(layers[layers.length - 1], position, 0)];
  element.replaceChildren();
  indices.forEach((index, n) => {
    const token = document.createElement("span");
    nameSeries(token, record, { index, points: [] });
    element.append(...(n ? [" + "] : []), token);
  });
  element.append(` ${onsetAt(record, onsetOf(readingsAt(record, position, indices)))}`);
  element.title = element.textContent ?? "";
}
