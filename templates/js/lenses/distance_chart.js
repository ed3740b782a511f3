/**
 * One chart of distances: a line and a band for each lens, over the layers. Knows numbers and pixels;
 * does not know the state.
 */
import { LINES } from "../core/colour.js";
import { formatNumber } from "../core/format.js";
import { linearTicks } from "../core/range.js";
import { svgElement } from "../core/svg.js";
import { CHART, chartFrame, layerAxis, plotOf } from "../pinned/chart.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { ChartAxis } from "../pinned/axis.js" */
/** @import { Plot, PlotSize } from "../pinned/chart.js" */
/** @import { DistanceGroup, Quartiles } from "./distance.js" */

/** @param {number} n of the lens @param {boolean} dark */
export const lensColour = (n, dark) => LINES[dark ? "dark" : "light"][n % LINES.light.length];

/** From 0 to the largest, the same for all charts. @param {number} most @returns {ChartAxis} */
const distanceAxis = (most) => ({ place: (kl) => Math.max(0, Math.min(1, kl / most)), floor: 0, ticks: linearTicks([0, most], formatNumber) });

/**
 * @param {LensPage} record
 * @param {DistanceGroup} group
 * @param {number} most the end of the axis
 * @param {boolean} dark
 * @param {PlotSize} size
 * @returns {{parts: SVGElement[], plot: Plot}}
 */
export function distanceParts(record, { lenses }, most, dark, size) {
  const axis = distanceAxis(most);
  const plot = plotOf(record, axis, size);
  const bottom = size.height - CHART.bottom;
  const parts = [
    ...chartFrame(axis, "KL to the final layer, nats", size), ...layerAxis(record, plot.x, size),
    ...lenses.map(({ quartiles }, n) => svgElement("path", { class: "distance-band", fill: lensColour(n, dark), "fill-opacity": 0.16, d: bandPath(quartiles, plot) })),
    svgElement("line", { class: "chart-now", x1: -9, x2: -9, y1: CHART.top, y2: bottom }),
    ...lenses.map(({ quartiles }, n) => svgElement("path", { class: "distance-line", stroke: lensColour(n, dark), "stroke-width": 2, "stroke-linejoin": "round", fill: "none", d: linePath(knownLayers(quartiles).map((l) => [plot.x(l), plot.y(quartiles[l].middle)])) })),
  ];
  return { parts, plot };
}

/** @param {Quartiles[]} quartiles layers at which something was recorded */
const knownLayers = (quartiles) => quartiles.flatMap(({ middle }, l) => (Number.isNaN(middle) ? [] : [l]));

/** @param {number[][]} points */
const linePath = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** There along the upper quartiles, back along the lower ones. @param {Quartiles[]} quartiles @param {Plot} plot */
function bandPath(quartiles, { x, y }) {
  const known = knownLayers(quartiles);
  const path = linePath([...known.map((l) => [x(l), y(quartiles[l].high)]), ...known.reverse().map((l) => [x(l), y(quartiles[l].low)])]);
  return path && `${path}Z`;
}

/** Median and quartiles of a layer as text. @param {Quartiles} quartiles */
export const quartilesText = ({ low, middle, high }) => (Number.isNaN(middle) ? "–" : `${formatNumber(middle)} (${formatNumber(low)} to ${formatNumber(high)})`);
