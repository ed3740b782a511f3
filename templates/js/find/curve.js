/**
 * The small curve of what was found: how many patches read as it, layer by layer. Knows numbers and
 * pixels; does not know the state.
 */
import { svgElement } from "../core/svg.js";
/** @import { Onset } from "../core/onset.js" */
/** @import { LensPage } from "../core/record.js" */

const CURVE = { width: 132, height: 44, left: 22, right: 2, top: 2, bottom: 12 };

/**
 * Bars, one per layer: light for those that have it in their top k, dark for those that have it on top.
 * @param {SVGElement} svg
 * @param {LensPage} record
 * @param {Onset|null} onset
 */
export function drawCurve(svg, record, onset) {
  const { width, height, left, right, top, bottom } = CURVE;
  const floor = height - bottom;
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  const room = (width - left - right) / record.L;
  const most = Math.max(1, ...(onset?.layers.map((layer) => layer.count) ?? []));
  // whatever is there can be seen
  const high = (/** @type {number} */ count) => (count ? Math.max(1.5, (count / most) * (floor - top)) : 0);
  const bar = (/** @type {string} */ name, /** @type {number} */ l, /** @type {number} */ count) => svgElement("rect", {
    class: name, x: (left + l * room).toFixed(2), width: Math.max(0.6, room - Math.min(1, room / 4)).toFixed(2), y: (floor - high(count)).toFixed(2), height: high(count).toFixed(2),
  });
  const bars = (onset?.layers ?? []).flatMap(({ count, onTop }, l) => [
    ...(count ? [bar("curve-read", l, count)] : []), ...(onTop ? [bar("curve-top", l, onTop)] : []),
  ]);
  const middle = (/** @type {number} */ l) => left + (l + 0.5) * room;
  const write = (/** @type {number} */ l, more = "") => svgElement("text", { class: `curve-text ${more}`, x: middle(l), y: height - 2, "text-anchor": "middle" }, String(record.layers[l]));
  const peak = onset?.peak ?? -1;
  const apart = (/** @type {number} */ l) => peak < 0 || Math.abs(middle(l) - middle(peak)) > 20;
  svg.replaceChildren(
    svgElement("line", { class: "curve-floor", x1: left, x2: width - right, y1: floor + 0.5, y2: floor + 0.5 }),
    ...bars,
    svgElement("line", { class: "curve-now", y1: top - 2, y2: floor + 2 }),
    ...(onset ? [svgElement("text", { class: "curve-text", x: left - 4, y: top + 8, "text-anchor": "end" }, String(most))] : []),
    ...[0, ...(record.L > 1 ? [record.L - 1] : [])].filter(apart).map((l) => write(l)),
    ...(peak >= 0 ? [write(peak, "curve-peak")] : []),
  );
}

/** Mark the layer that is shown. @param {SVGElement} svg @param {LensPage} record @param {number} layer */
export function markCurve(svg, record, layer) {
  const x = CURVE.left + ((layer + 0.5) / record.L) * (CURVE.width - CURVE.left - CURVE.right);
  for (const end of ["x1", "x2"]) svg.querySelector(".curve-now")?.setAttribute(end, x.toFixed(2));
}

/** The layer under a point of the curve. @param {SVGElement} svg @param {LensPage} record @param {number} clientX */
export function curveLayerAt(svg, record, clientX) {
  const along = (clientX - svg.getBoundingClientRect().left - CURVE.left) / (CURVE.width - CURVE.left - CURVE.right);
  return Math.max(0, Math.min(record.L - 1, Math.floor(along * record.L)));
}
