/**
 * The colour scale with numbers, beside the image: what the colours of image, strip and grid mean,
 * and the range that they span.
 */
import { shadeFill } from "../core/colour.js";
import { childrenOf, cloneAll, cloneOne, hit, partsOf } from "../core/dom.js";
import { belowText } from "../core/format.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { RangeChoice } from "../core/state_values.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountLegend(root, record, state) {
  root.append(cloneAll("legend-frame"));
  const [title, ranges, bar, ticks, below] = partsOf(root, ".legend-title", ".legend-ranges", ".legend-bar", ".legend-ticks", ".legend-below");
  ranges.addEventListener("click", (event) => {
    const button = hit(event, "button");
    if (button) state.set({ range: /** @type {RangeChoice} */ (button.dataset.range) });
  });

  state.on(["dark", ...QUANTITY_KEYS], () => {
    const quantity = quantityNow(record, state);
    root.hidden = quantity.ticks.length === 0;
    title.textContent = quantity.title;
    ranges.hidden = !quantity.kind;
    for (const button of childrenOf(ranges)) button.setAttribute("aria-pressed", String(button.dataset.range === quantity.kind));
    const stops = Array.from({ length: 17 }, (_, n) => shadeFill(n / 16, state.get("dark")));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    ticks.replaceChildren(...quantity.ticks.map((tick) => {
      const label = cloneOne("legend-tick");
      label.textContent = tick.text;
      label.style.left = `${100 * tick.at}%`;
      if (tick.at === 0) label.classList.add("first");
      if (tick.at === 1) label.classList.add("last");
      return label;
    }));
    const partly = state.get("tokens").some((id) => record.indexOf(id) >= 0 && record.slot(record.indexOf(id)) < 0);
    const bounded = quantity.mode === "agree" || (partly && ["prob", "rank"].includes(quantity.mode));
    below.hidden = !bounded;
    childrenOf(below)[1].textContent = belowText(record.K);
  });
}
