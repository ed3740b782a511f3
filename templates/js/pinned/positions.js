/**
 * One token over all positions at the layer shown, as a chart: where in the sequence, and how far up.
 */
import { cloneOne, hit, part } from "../core/dom.js";
import { formatCount, quietText } from "../core/format.js";
import { pinnedPositions } from "../core/pins.js";
import { svgElement } from "../core/svg.js";
import { anchorTooltip } from "../page/tooltip.js";
import { AXIS_NAMES, CHART, chartFrame } from "./chart.js";
import { pointText } from "./chart_data.js";
import { slideByKeys } from "./input.js";
import { kindRuns, positionColumns, positionsModel } from "./positions_data.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { PositionsModel } from "./positions_data.js" */
/** @import { PinnedView } from "./together.js" */

const POSITIONS_HEIGHT = { least: 118, most: 300 };

/** @param {LensPage} record @param {State} state @returns {PinnedView} */
export function pinsByPosition(record, state) {
  const root = cloneOne("pinned-positions");
  const view = new PositionsView(root, record, state);
  view.listen();
  return view;
}

class PositionsView {
  #room = { width: 0, height: 0 };
  /** @type {PositionsModel|null} */
  #model = null;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.root = root;
    this.#record = record;
    this.#state = state;
    this.svg = part(root, ".plot svg", SVGElement);
    this.slider = part(root, ".plot");
  }

  /** @param {{width: number, height: number}} room */
  layOut({ width, height }) {
    this.#room = { width, height };
    this.read();
  }

  /** The layer that the picture shows: what is pointed at here is a position, not a layer. */
  read() {
    const [record, state] = [this.#record, this.#state];
    const layer = state.get("layer");
    const model = positionsModel(record, state.all(), layer);
    this.#model = model;
    const known = model.points.filter((point) => point.exact).length;
    const names = model.indices.map((i) => quietText(record.text(i))).join(" + ");
    part(this.root, "h3").textContent = `${model.scale === "rank" ? "Rank" : "Probability"} of ${names} at ${record.layerName(layer)}`;
    part(this.root, ".card-note").textContent = known === record.T ? "known everywhere" : `known at ${formatCount(known, "position")}, below the top ${record.K} at the others`;
    if (this.#room.width) this.#draw(model);
    this.#mark();
  }

  /** @param {number} t */
  #x(t) { return CHART.left + ((t + 0.5) / this.#record.T) * (this.#room.width - CHART.left - CHART.right); }

  /** @param {PositionsModel} model */
  #draw(model) {
    const [record, { svg }, { width }] = [this.#record, this, this.#room];
    const free = Math.min(POSITIONS_HEIGHT.most, this.#room.height - part(this.root, "header").offsetHeight - 8);
    const height = Math.max(this.#state.get("paper") ? CHART.paper : POSITIONS_HEIGHT.least, free);
    const bottom = height - CHART.bottom;
    const wide = width - CHART.left - CHART.right;
    const y = (/** @type {number} */ high) => CHART.top + (1 - high) * (bottom - CHART.top);
    svg.setAttribute("width", String(width));
    svg.setAttribute("height", String(height));
    const bar = Math.max(1, wide / record.T - 0.5);
    const bars = positionColumns(model, Math.min(record.T, Math.floor(wide))).map(({ position, high }) => svgElement("rect", {
      class: "position-bar", x: (this.#x(position) - bar / 2).toFixed(2), width: bar.toFixed(2), y: Math.min(bottom - 1.5, y(high)).toFixed(2), height: Math.max(1.5, bottom - y(high)).toFixed(2),
    }));
    svg.replaceChildren(
      ...kindRuns(record).filter((run) => run.kind !== 0).flatMap((run) => this.#band(run, bottom)),
      ...chartFrame(model.axis, AXIS_NAMES[model.scale], { width, height }), ...bars,
      svgElement("text", { class: "chart-tick", x: 2, y: height - 7 }, "position"),
      ...pinnedPositions(this.#state.get("pins")).flatMap(({ number, position }) => this.#number(number, position, y(model.points[position].exact ? model.axis.place(model.points[position].value) : 0))),
      svgElement("line", { class: "chart-now", y1: CHART.top, y2: bottom }),
    );
  }

  /** The patches, or the answer. @param {{kind: number, from: number, to: number}} run @param {number} bottom */
  #band({ kind, from, to }, bottom) {
    const [left, right] = [this.#x(from - 0.5), this.#x(to - 0.5)];
    const name = kind === 1 ? formatCount(to - from, "patch", "patches") : "answer";
    return [
      svgElement("rect", { class: kind === 1 ? "chart-band" : "answer-band", x: left, width: right - left, y: CHART.top, height: bottom - CHART.top }),
      ...(right - left > 7 * name.length ? [svgElement("text", { class: "chart-tick", x: (left + right) / 2, y: bottom + 15, "text-anchor": "middle" }, name)] : []),
    ];
  }

  /** @param {number} number @param {number} position @param {number} y */
  #number(number, position, y) {
    const at = { x: this.#x(position), y: Math.max(CHART.top + 7, y - 8) };
    const group = svgElement("g", { class: "chart-number pin-number" });
    group.append(svgElement("circle", { cx: at.x, cy: at.y, r: 6 }), svgElement("text", { x: at.x, y: at.y + 3.2, "text-anchor": "middle" }, String(number)));
    return [group];
  }

  /** What is pointed at. */
  #mark() {
    const hover = this.#state.get("hover");
    const line = this.svg.querySelector(".chart-now");
    const model = this.#model;
    if (!line || !model) return;
    for (const end of ["x1", "x2"]) line.setAttribute(end, String(hover ? this.#x(hover.position) : -9));
    const t = hover?.position ?? this.#state.get("pins").at(-1)?.position ?? 0;
    this.slider.setAttribute("aria-valuemax", String(this.#record.T - 1));
    this.slider.setAttribute("aria-valuenow", String(t));
    this.slider.setAttribute("aria-valuetext", `${this.#record.label(t)}: ${pointText(model.points[t], model.scale)}`);
  }

  listen() {
    const [{ root, slider }, record, state] = [this, this.#record, this.#state];
    const hover = (/** @type {number} */ position) => {
      anchorTooltip((root.parentElement ?? root).getBoundingClientRect());
      state.set({ hover: { layer: state.get("layer"), position } });
    };
    const at = (/** @type {MouseEvent} */ event) => {
      const along = event.clientX - this.svg.getBoundingClientRect().left - CHART.left;
      return Math.max(0, Math.min(record.T - 1, Math.floor((along / Math.max(1, this.#room.width - CHART.left - CHART.right)) * record.T)));
    };
    root.addEventListener("pointermove", (event) => { if (hit(event, ".plot")) hover(at(event)); });
    slider.addEventListener("click", (event) => state.set({ cell: { layer: state.get("layer"), position: at(event) } }));
    slider.addEventListener("focus", () => { if (slider.matches(":focus-visible")) hover(state.get("pins").at(-1)?.position ?? 0); });
    slider.addEventListener("blur", () => state.set({ hover: null }));
    slider.addEventListener("keydown", (event) => {
      slideByKeys(event, state.get("hover")?.position ?? 0, record.T - 1, hover, (position) => state.set({ cell: { layer: state.get("layer"), position } }));
    });
  }
}
