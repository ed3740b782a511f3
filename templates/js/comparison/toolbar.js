/**
 * What is compared, what the grid shows, which rows; and in a sentence how far apart the two are.
 */
import { cloneAll, hit, part } from "../core/dom.js";
import { viewChoices } from "../image/map.js";
import { measureChoices, measureOf } from "./measures.js";
/** @import { State } from "../core/state.js" */
/** @import { RowFilter, RowOrder, Shown } from "../core/state_values.js" */
/** @import { PairPage } from "./pair.js" */

/** @type {Shown[]} */
const ROUND = ["a", "b", "difference"];

/** `d`: A, B, difference. @param {State} state */
export const nextShown = (state) => state.set({ shown: ROUND[(ROUND.indexOf(state.get("shown")) + 1) % 3] });

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountToolbar(root, pair, state) {
  root.append(cloneAll("toolbar-frame"));
  const [measure, rows, order, view] = ["#measure", "#row-filter", "#row-order", "#view"].map((id) => part(root, id, HTMLSelectElement));
  measure.append(...measureChoices(pair).map(({ key, label }) => new Option(label, key)));
  measure.addEventListener("change", () => state.set({ measure: measure.value }));
  rows.addEventListener("change", () => state.set({ rows: /** @type {RowFilter} */ (rows.value) }));
  order.addEventListener("change", () => state.set({ order: /** @type {RowOrder} */ (order.value) }));
  const views = viewChoices(pair.a);
  view.append(...views.map(({ value, label }) => new Option(label, String(value))));
  view.addEventListener("change", () => state.set({ view: Number(view.value) }));
  if (view.parentElement) view.parentElement.hidden = views.length < 2;
  root.addEventListener("click", (event) => {
    const button = hit(event, "button[data-side]");
    if (button) state.set({ shown: /** @type {Shown} */ (button.dataset.side) });
  });
  state.on(["measure", "rows", "order", "view", "shown", "layer"], () => {
    measure.value = measureOf(pair, state.get("measure")).key;
    rows.value = state.get("rows");
    order.value = state.get("order") === "apart" ? "apart" : "position";
    view.value = String(state.get("view"));
    for (const button of root.querySelectorAll("button[data-side]")) {
      if (button instanceof HTMLElement) button.setAttribute("aria-pressed", String(button.dataset.side === state.get("shown")));
    }
    part(root, "#sentence").textContent = sentenceOf(pair, state.get("layer"));
  });
}

/** At how many patches and words another token is on top, and how many have parted. @param {PairPage} pair @param {number} l */
function sentenceOf(pair, l) {
  const all = Array.from(pair.rowOfPair.keys());
  const kinds = [{ name: "patches", some: all.filter((m) => pair.kind(pair.rowOfPair[m]) === 1) }, { name: "words", some: all.filter((m) => pair.kind(pair.rowOfPair[m]) !== 1) }];
  const there = kinds.filter(({ some }) => some.length);
  const flips = there.map(({ name, some }) => `${some.filter((m) => pair.flips(l, m)).length} of ${some.length} ${name}`);
  const parted = there.map(({ some }) => some.filter((m) => pair.variation(l, m) > 0.5).length);
  return `${pair.layerName(l)}: the top token flips at ${flips.join(" and ")}; ${pair.exact ? "" : "at least "}${parted.join(" and ")} have parted`;
}
