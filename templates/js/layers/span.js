/**
 * The range of layers that the grid shows, chosen by dragging over the curve above the slider; a
 * double-click shows all again. Its band and the two ends can be dragged.
 */
import { part } from "../core/dom.js";
import { plainSpan, spanText, wholeSpan } from "../core/span.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

const END = 7; // pixels within which an end is taken hold of

/**
 * @param {HTMLElement} root of the player
 * @param {LensPage} record
 * @param {State} state
 */
export function mountLayerSpan(root, record, state) {
  const area = part(root, ".player-means", SVGSVGElement);
  const band = part(root, ".player-span", SVGRectElement);
  const last = Math.max(1, record.L - 1);
  /** The end that stays while the other is dragged; −1: nothing is. */
  let anchor = -1;
  const layerAt = (/** @type {PointerEvent} */ event) => {
    const { left, width } = area.getBoundingClientRect();
    return Math.round(Math.max(0, Math.min(1, (event.clientX - left) / width)) * last);
  };
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || record.L < 3) return;
    const { from, to } = wholeSpan(state.get("span"), record.L);
    const near = (/** @type {number} */ l) => {
      const { left, width } = area.getBoundingClientRect();
      return Math.abs(event.clientX - left - (l / last) * width) <= END;
    };
    anchor = state.get("span") && near(from) ? to : state.get("span") && near(to) ? from : layerAt(event);
    area.setPointerCapture(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    if (anchor < 0) return;
    const at = layerAt(event);
    if (at === anchor) return;
    const { step } = wholeSpan(state.get("span"), record.L);
    state.set({ span: plainSpan({ from: Math.min(at, anchor), to: Math.max(at, anchor), step }, record.L) });
  });
  for (const end of ["pointerup", "pointercancel"]) area.addEventListener(end, () => { anchor = -1; });
  area.addEventListener("dblclick", () => state.set({ span: null }));
  state.on(["span"], () => {
    const { from, to } = wholeSpan(state.get("span"), record.L);
    band.setAttribute("x", String((100 * from) / last));
    band.setAttribute("width", String((100 * (to - from)) / last));
    band.toggleAttribute("hidden", from === 0 && to === record.L - 1);
    part(area, "title", SVGTitleElement).textContent = `Grid: ${spanText(record, state.get("span"))}. Drag for a range of layers; double-click for all.`;
  });
}
