/**
 * The pinned positions: all in one chart, one chart each, or one token over all positions. The pane
 * can be enlarged at the cost of the grid; that is of this pane alone.
 */
import { LINES } from "../core/colour.js";
import { cloneAll, hit, part } from "../core/dom.js";
import { pinnedPositions } from "../core/pins.js";
import { pinnedCards } from "./cards.js";
import { chartModels } from "./chart_data.js";
import { listenToCharts } from "./input.js";
import { pinsByPosition } from "./positions.js";
import { pinsTogether } from "./together.js";
import { togetherModel } from "./together_data.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { Changed, State } from "../core/state.js" */
/** @import { Charts, Scale } from "../core/state_values.js" */
/** @import { PinnedView } from "./together.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountPinnedPane(root, record, state) {
  const pane = new PinnedPane(root, record, state);
  const { body, tools } = pane;
  tools.addEventListener("click", (event) => pane.clickTool(event));
  tools.addEventListener("change", (event) => {
    const select = hit(event, "select", HTMLSelectElement);
    if (select) state.set({ charts: /** @type {Charts} */ (select.value) });
  });
  listenToCharts(body, record, state);
  new ResizeObserver(() => pane.layOut()).observe(body);
  state.on(["pins", "tokens", "lens", "scale", "charts", "large", "dark"], (changed) => pane.rebuild(changed));
  state.on(["paper"], () => pane.layOut());
  state.on(["layer", "hover"], () => pane.read());
}

class PinnedPane {
  /** @type {PinnedView|null} */
  #view = null;
  #newest = -1;
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

  /** All charts anew. @param {Changed} changed */
  rebuild(changed) {
    const { body } = this;
    this.#fillTools();
    const pins = this.#state.get("pins");
    this.#root.classList.toggle("empty", pins.length === 0);
    if (!pins.length) {
      this.#view = null;
      body.replaceChildren(pinnedTour(this.#record));
      return;
    }
    const plot = document.activeElement?.closest(".plot");
    const focused = plot && body.contains(plot) ? plot.closest(".card") ?? plot : null;
    const position = focused instanceof HTMLElement ? focused.dataset.position : undefined;
    const newest = pins[pins.length - 1].position;
    if (changed.has("pins") && newest !== this.#newest) body.scrollTop = 0;
    this.#newest = newest;
    this.#view = this.#makeView();
    body.replaceChildren(this.#view.root);
    this.layOut();
    const again = focused && body.querySelector(position === undefined ? ".plot" : `[data-position="${position}"] .plot`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }

  /** One position has a chart of its own, which also shows what is not known. @returns {PinnedView} */
  #makeView() {
    const [record, state] = [this.#record, this.#state];
    const pins = state.get("pins");
    if (state.get("charts") === "position") return pinsByPosition(record, state);
    const models = chartModels(record, state.all(), LINES.light.length);
    if (state.get("charts") === "one" && models.length > 1) return pinsTogether(togetherModel(record, models, state.all()), state);
    const last = new Map(pins.map((pin, n) => [pin.position, n]));
    const cards = pinnedPositions(pins).map((pin, n) => ({ pin, model: models[n] }));
    return pinnedCards(record, cards.sort((a, b) => (last.get(b.pin.position) ?? 0) - (last.get(a.pin.position) ?? 0)), state);
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
    const select = tools.querySelector("select");
    if (select) select.value = state.get("charts");
  }

  /** Give every chart its room, and draw it. */
  layOut() {
    const { body } = this;
    if (!this.#view) return;
    const { paddingLeft, paddingRight } = getComputedStyle(body);
    // in a narrow window the pane is as high as what is in it
    const bounded = getComputedStyle(this.#root).overflowY !== "visible";
    this.#view.layOut({ width: body.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight), height: bounded ? body.clientHeight : 0 });
    this.read();
  }

  /** The values at the layer that is hovered or shown. */
  read() {
    const state = this.#state;
    this.#view?.read(state.get("hover")?.layer ?? state.get("layer"));
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
