/**
 * Every how many layers the grid shows: a choice in its corner. The range is chosen by dragging over
 * the slider, in layers/span.js.
 */
import { fittingStep, ordinal, plainSpan, spanText, wholeSpan } from "../core/span.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

const LAYER_STEPS = [1, 2, 4, 8];

/**
 * @param {HTMLSelectElement} select
 * @param {LensPage} record
 * @param {State} state
 * @param {() => number} fit columns that there is room for
 */
export function mountLayerChoice(select, record, state, fit) {
  select.addEventListener("change", () => {
    const span = wholeSpan(state.get("span"), record.L);
    const step = select.value === "fit" ? fittingStep(span, record.L, fit()) : Number(select.value);
    state.set({ span: select.value === "all" ? null : plainSpan({ ...span, step }, record.L) });
  });
  state.on(["span"], () => {
    const { from, to, step } = wholeSpan(state.get("span"), record.L);
    const ranged = from > 0 || to < record.L - 1;
    const now = ranged ? `${record.layers[from]}–${record.layers[to]}, ` : "";
    const steps = [...new Set([...LAYER_STEPS, step])].filter((n) => n === 1 || n <= to - from).sort((a, b) => a - b);
    select.replaceChildren(
      ...steps.map((n) => new Option(now + (n === 1 ? "every layer" : `every ${ordinal(n)}`), String(n))),
      new Option("so many that all fit", "fit"), ...(ranged ? [new Option("all layers", "all")] : []),
    );
    select.value = String(step);
    select.title = `Layers of the grid: ${spanText(record, state.get("span"))}. Drag over the curve above the slider for a range.`;
  });
}
