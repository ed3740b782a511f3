/**
 * The pinned positions: one chart each, side by side, the newest first, with the same vertical axis
 * and colours. The pane can be enlarged at the cost of the grid; that is of this pane alone.
 */
import { LINES } from "../core/colour.js";
import { cloneAll, cloneOne, hit, part } from "../core/dom.js";
import { formatCount, formatProb } from "../core/format.js";
import { drawPatchThumb } from "../image/thumb.js";
import { CHART, drawChart, readChart } from "./chart.js";
import { chartModels } from "./chart_data.js";
import { listenToCharts } from "./input.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Changed, State } from "../core/state.js" */
/** @import { Scale } from "../core/state_values.js" */
/** @import { Plot } from "./chart.js" */
/** @import { ChartModel } from "./chart_data.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountPinnedPane(root, record, state) {
  const pane = new PinnedPane(root, record, state);
  const { body, tools } = pane;
  tools.addEventListener("click", (event) => pane.clickTool(event));
  listenToCharts(body, record, state);
  new ResizeObserver(() => pane.layOut()).observe(body);
  state.on(["pins", "tokens", "scale", "large", "dark"], (changed) => pane.rebuild(changed));
  state.on(["paper"], () => pane.layOut());
  state.on(["layer", "hover"], () => pane.read());
}

/** @typedef {{element: HTMLElement, model: ChartModel, plot: Plot|null}} Card plot: null until it is drawn */

class PinnedPane {
  /** @type {Card[]} */
  #cards = [];
  #root;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.#root = root;
    this.#record = record;
    this.#state = state;
    this.tools = part(root, "#pinned-toolbar");
    this.body = part(root, "#pinned-body");
  }

  /** All cards anew. @param {Changed} changed */
  rebuild(changed) {
    const [record, state, body] = [this.#record, this.#state, this.body];
    this.#fillTools();
    const empty = state.get("pins").length === 0;
    this.#root.classList.toggle("empty", empty);
    if (empty) {
      this.#cards = [];
      body.replaceChildren(pinnedTour(record));
      return;
    }
    const active = document.activeElement?.closest(".card");
    const focused = active instanceof HTMLElement && body.contains(active) ? active.dataset.position : undefined;
    const last = new Map(state.get("pins").map((pin, n) => [pin.position, n]));
    const lastPin = (/** @type {ChartModel} */ model) => last.get(model.position) ?? 0;
    const models = chartModels(record, state.all(), LINES.light.length).sort((a, b) => lastPin(b) - lastPin(a));
    if (changed.has("pins") && models[0].position !== this.#cards[0]?.model.position) body.scrollTop = 0;
    this.#cards = models.map((model) => ({ element: pinnedCard(record, model), model, plot: null }));
    body.replaceChildren(...this.#cards.map((card) => card.element));
    this.layOut();
    const plot = this.#cards.find((card) => card.element.dataset.position === focused)?.element.querySelector(".plot");
    if (plot instanceof HTMLElement) plot.focus({ preventScroll: true });
  }

  #fillTools() {
    const [root, state, tools] = [this.#root, this.#state, this.tools];
    const pinned = state.get("pins").length > 0;
    if (!pinned) tools.replaceChildren();
    else if (!tools.children.length) tools.append(cloneAll("pinned-tools"));
    root.parentElement?.classList.toggle("pinned-large", pinned && state.get("large"));
    for (const button of tools.querySelectorAll("button")) {
      if (button.dataset.scale) button.setAttribute("aria-pressed", String(button.dataset.scale === state.get("scale")));
      if (button.matches(".pinned-grow")) button.setAttribute("aria-pressed", String(state.get("large")));
    }
  }

  /** Give every chart its room, and draw it. */
  layOut() {
    const [body, state] = [this.body, this.#state];
    if (!this.#cards.length) return;
    const lines = Math.ceil(this.#cards.length / getComputedStyle(body).gridTemplateColumns.split(" ").length);
    const room = body.clientHeight;
    // all in sight if that can be, else a whole one
    const fits = Math.min(room - 42, Math.max(170, room / lines - 40));
    for (const card of this.#cards) {
      const { element, model } = card;
      const width = Math.max(120, part(element, ".chart").clientWidth - part(element, ".chart-labels").offsetWidth);
      const wanted = state.get("paper") ? CHART.paper : Math.min(Math.max(260, width * 0.42), fits);
      const height = Math.max(112, model.series.length * CHART.label + 14, wanted);
      card.plot = drawChart(element, model, state.get("dark"), { width, height });
    }
    this.read();
  }

  /** The values at the layer that is hovered or shown. */
  read() {
    if (!this.#cards.length) return;
    const state = this.#state;
    const layer = state.get("hover")?.layer ?? state.get("layer");
    for (const { element, model, plot } of this.#cards) {
      if (plot) readChart(element, model, state.get("dark"), plot, layer);
    }
    const reading = this.tools.querySelector(".pinned-reading");
    if (reading) reading.textContent = `at ${this.#record.layerName(layer)}`;
  }

  /** @param {Event} event */
  clickTool(event) {
    const button = hit(event, "button");
    if (!button) return;
    if (button.dataset.scale) this.#state.set({ scale: /** @type {Scale} */ (button.dataset.scale) });
    else if (button.matches(".pinned-grow")) this.#state.set({ large: !this.#state.get("large") });
    else this.#state.set({ pins: [] });
  }
}

/** What stands there while nothing is pinned. @param {LensPage} record */
function pinnedTour(record) {
  const tour = cloneAll("pinned-tour");
  const has = [record.answerPositions.length ? "answer" : "", record.imagePositions.length ? "patches" : ""].filter(Boolean).join(" ");
  for (const way of tour.querySelectorAll("[data-tour]")) way.toggleAttribute("hidden", way.getAttribute("data-tour") !== has);
  part(tour, ".of-picture").hidden = !record.imagePositions.length;
  return tour;
}

/** @param {LensPage} record @param {ChartModel} model */
function pinnedCard(record, model) {
  const card = cloneOne("pinned-card");
  const { position: t, pinned } = model;
  const title = part(card, "h3");
  card.dataset.position = String(t);
  title.textContent = record.label(t);
  title.classList.toggle("token", record.kind(t) !== 1);
  const place = record.place(t);
  const note = part(card, ".card-note");
  note.textContent = [
    place ? `row ${place.row}, column ${place.column}` : `position ${t}`,
    `pinned at ${[...pinned].sort((a, b) => a - b).map((l) => record.layers[l]).join(", ")}`,
    ...(model.more ? [`${formatCount(model.more, "more token")} never above ${formatProb(model.moreBest)}`] : []),
  ].join(" · ");
  note.title = note.textContent;
  drawPatchThumb(part(card, ".thumb", HTMLCanvasElement), record, t);
  part(card, ".card-unpin").setAttribute("aria-label", `Unpin ${record.label(t)}`);
  const plot = part(card, ".plot");
  plot.setAttribute("aria-label", `${record.label(t)}, tokens over the layers`);
  plot.setAttribute("aria-valuemin", "0");
  plot.setAttribute("aria-valuemax", String(record.L - 1));
  return card;
}
