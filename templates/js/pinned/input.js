/**
 * Pointer and keys of all charts: reading a layer, following a token, letting a pin go.
 */
import { hit, moveOf } from "../core/dom.js";
import { anchorTooltip } from "../page/tooltip.js";
import { chartLayerAt } from "./chart.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/**
 * @param {HTMLElement} body
 * @param {LensPage} record
 * @param {State} state
 */
export function listenToCharts(body, record, state) {
  const hover = (/** @type {HTMLElement} */ card, /** @type {number} */ layer) => {
    // the tooltip stands beside all charts, so that no line is hidden
    anchorTooltip(body.getBoundingClientRect());
    state.set({ hover: { layer, position: Number(card.dataset.position) } });
  };
  body.addEventListener("pointermove", (event) => {
    const [card, plot] = [hit(event, ".card"), hit(event, ".plot")];
    if (card && plot) hover(card, chartLayerAt(card, record, event.clientX));
    else if (state.get("hover") && !hit(event, ".chart")) state.set({ hover: null });
    if (card) fadeOthers(body, hit(event, ".chart-label")?.dataset.index);
  });
  body.addEventListener("pointerleave", () => {
    state.set({ hover: null });
    fadeOthers(body, undefined);
  });
  body.addEventListener("click", (event) => {
    const card = hit(event, ".card");
    if (card) clickCard(event, card, record, state);
  });
  body.addEventListener("focusin", (event) => {
    const card = hit(event, ".card");
    if (card && hit(event, ".plot:focus-visible")) hover(card, state.get("layer"));
  });
  body.addEventListener("focusout", (event) => { if (hit(event, ".card .plot")) state.set({ hover: null }); });
  body.addEventListener("keydown", (event) => {
    const card = hit(event, ".card");
    if (!card || !hit(event, ".plot")) return;
    slideByKeys(event, state.get("hover")?.layer ?? state.get("layer"), record.L - 1, (layer) => hover(card, layer), (layer) => state.set({ layer }));
  });
}

/**
 * The keys of a chart, which is a slider: along it, to its ends; Enter takes what it is on.
 * @param {KeyboardEvent} event
 * @param {number} now
 * @param {number} last
 * @param {(to: number) => void} go
 * @param {(here: number) => void} take
 */
export function slideByKeys(event, now, last, go, take) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const to = moveOf(event, { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: last });
  if (to !== undefined) go(Math.max(0, Math.min(last, to)));
  else if (event.key === "Enter") take(now);
  else return;
  event.preventDefault();
}

/** One token stands out, in all charts. @param {HTMLElement} body @param {string|undefined} index undefined: none does */
function fadeOthers(body, index) {
  for (const line of body.querySelectorAll(".chart-line")) {
    line.classList.toggle("faded", index !== undefined && line instanceof SVGElement && line.dataset.index !== index);
  }
}

/** @param {MouseEvent} event @param {HTMLElement} card @param {LensPage} record @param {State} state */
function clickCard(event, card, record, state) {
  const index = Number(hit(event, ".chart-label")?.dataset.index ?? -1);
  if (hit(event, ".card-unpin")) {
    state.set({ pins: state.get("pins").filter((pin) => pin.position !== Number(card.dataset.position)), hover: null });
  } else if (index >= 0) {
    const id = record.id(index);
    const only = state.get("tokens").length === 1 && state.get("tokens")[0] === id;
    state.set({ tokens: only ? [] : [id] });
  } else if (hit(event, ".plot")) state.set({ layer: chartLayerAt(card, record, event.clientX) });
}
