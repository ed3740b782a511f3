/**
 * The layer shown: a slider, and above it how far apart the patches are at every layer.
 */
import { cloneAll, part } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { meanByLayer, measureOf } from "./measures.js";
import { patchPairs } from "./panels.js";
/** @import { State } from "../core/state.js" */
/** @import { PairPage } from "./pair.js" */

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountPairLayers(root, pair, state) {
  root.append(cloneAll("layers-frame"));
  const slider = part(root, "input", HTMLInputElement);
  slider.max = String(pair.L - 1);
  slider.addEventListener("input", () => state.set({ layer: Number(slider.value) }));
  const some = patchPairs(pair);
  /** @type {number[]} */
  let means = [];
  const x = (/** @type {number} */ l) => (pair.L > 1 ? (100 * l) / (pair.L - 1) : 50);
  state.on(["measure"], () => {
    const measure = measureOf(pair, state.get("measure"));
    means = meanByLayer(pair, measure, some);
    const most = Math.max(1e-9, ...means.map((mean) => mean || 0));
    const points = means.map((mean, l) => `${x(l).toFixed(2)},${(20 - (18 * (mean || 0)) / most).toFixed(2)}`).join(" ");
    part(root, ".line", SVGElement).setAttribute("points", points);
    part(root, ".area", SVGElement).setAttribute("points", `0,22 ${points} 100,22`);
    part(root, "title", SVGElement).textContent = `Mean over the patches, layer by layer: ${measure.title}`;
  });
  state.on(["layer", "measure"], () => {
    const l = state.get("layer");
    slider.value = String(l);
    slider.setAttribute("aria-valuetext", pair.layerName(l));
    part(root, ".layers-now").textContent = pair.layerText(l);
    part(root, ".layers-mean").textContent = `mean ${formatNumber(means[l])}`;
    for (const end of ["x1", "x2"]) part(root, ".mark", SVGElement).setAttribute(end, String(x(l)));
  });
}
