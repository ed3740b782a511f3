/**
 * One chart: values of a position's tokens over the layers, as SVG, with a legend beside it.
 * Knows numbers and pixels; does not know the state.
 */
import { LINES } from "../core/colour.js";
import { childrenOf, cloneOne, part, writeToken } from "../core/dom.js";
import { boundName } from "../core/format.js";
import { svgElement } from "../core/svg.js";
import { layerTicks } from "./axis.js";
import { chartPaths, pointText, seriesName } from "./chart_data.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { ChartAxis } from "./axis.js" */
/** @import { ChartLine, ChartModel, Series } from "./chart_data.js" */

export const CHART = { left: 44, right: 8, top: 17, bottom: 22, label: 15, paper: 200 };
/** What the vertical axis shows. */
export const AXIS_NAMES = { prob: "probability", log: "probability (log)", rank: "rank (log)" };

/** Lines have the colours of their tokens, the sum that of text. @param {ChartLine} one @param {boolean} dark */
export const chartColour = (one, dark) => (one.index < 0 ? "currentColor" : LINES[dark ? "dark" : "light"][one.colour]);

/** @typedef {{width: number, height: number}} PlotSize */
/** @typedef {(value: number) => number} ToPixels */
/** @typedef {{x: ToPixels, y: ToPixels}} Plot x: of a layer index, y: of a value */

/**
 * @param {HTMLElement} card
 * @param {ChartModel} model
 * @param {boolean} dark
 * @param {PlotSize} size of the plot
 * @returns {Plot} for `readChart`
 */
export function drawChart(card, model, dark, { width, height }) {
  const svg = part(card, "svg", SVGElement);
  const { parts, plot } = chartParts(model, dark, { width, height });
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
  chartLabels(card, model, dark, height);
  return plot;
}

/**
 * The drawing itself; its classes say what is what.
 * @param {ChartModel} model
 * @param {boolean} dark
 * @param {PlotSize} size
 * @returns {{parts: SVGElement[], plot: Plot}}
 */
export function chartParts(model, dark, { width, height }) {
  const { record, axis, series } = model;
  const { x, y } = plotOf(record, axis, { width, height });
  const bottom = height - CHART.bottom;
  const band = series.some((one) => one.points.some((point) => !point.exact)) ? chartBand(model, { x, y }, bottom) : { area: [], words: [] };
  const parts = [
    ...chartFrame(axis, AXIS_NAMES[model.scale], { width, height }),
    ...layerAxis(record, x, { width, height }),
    ...band.area,
    ...model.pinned.map((l) => svgElement("line", { class: "chart-pin", x1: x(l), x2: x(l), y1: CHART.top, y2: bottom })),
    svgElement("line", { class: "chart-now", x1: 0, x2: 0, y1: CHART.top, y2: bottom }),
    ...series.map((one) => chartLine(one, { x, y }, dark)),
    svgElement("g", { class: "chart-dots" }),
    ...band.words, // last: no line crosses them
  ];
  return { parts, plot: { x, y } };
}

/** From layers and values to pixels. @param {LensPage} record @param {ChartAxis} axis @param {PlotSize} size @returns {Plot} */
export const plotOf = (record, axis, { width, height }) => ({
  x: (l) => CHART.left + (record.L === 1 ? 0.5 : l / (record.L - 1)) * (width - CHART.left - CHART.right),
  y: (value) => CHART.top + (1 - axis.place(value)) * (height - CHART.top - CHART.bottom),
});

/** The vertical axis: its name, its values. @param {ChartAxis} axis @param {string} name @param {PlotSize} size @returns {SVGElement[]} */
export function chartFrame(axis, name, { width, height }) {
  const bottom = height - CHART.bottom;
  /** @type {SVGElement[]} */
  const parts = [svgElement("text", { class: "chart-tick", x: 2, y: 9 }, name)];
  for (const tick of axis.ticks) {
    const at = CHART.top + (1 - tick.at) * (bottom - CHART.top);
    parts.push(svgElement("line", { class: "chart-grid", x1: CHART.left, x2: width - CHART.right, y1: at, y2: at }));
    parts.push(svgElement("text", { class: "chart-tick", x: CHART.left - 6, y: at + 3.5, "text-anchor": "end" }, tick.text));
  }
  return parts;
}

/** The layers below a chart. @param {LensPage} record @param {ToPixels} x @param {PlotSize} size @returns {SVGElement[]} */
export function layerAxis(record, x, { width, height }) {
  const bottom = height - CHART.bottom;
  return [
    svgElement("text", { class: "chart-tick", x: 2, y: height - 7 }, "layer"),
    ...layerTicks(record.layers, Math.max(2, Math.floor((width - 60) / 34))).flatMap((l) => [
      svgElement("text", { class: "chart-tick", x: x(l), y: height - 7, "text-anchor": "middle" }, String(record.layers[l])),
      svgElement("line", { class: "chart-grid", x1: x(l), x2: x(l), y1: bottom, y2: bottom + 4 }),
    ]),
  ];
}

/** The region of which only this is known: not among the top k. @param {ChartModel} model @param {Plot} plot @param {number} bottom */
function chartBand({ record, position, scale }, { x, y }, bottom) {
  const edge = Array.from({ length: record.L }, (_, l) => `${x(l).toFixed(1)} ${y(scale === "rank" ? record.K : record.topProb(l, position, record.K - 1)).toFixed(1)}`);
  const ends = record.L === 1 ? [CHART.left, x(0) * 2 - CHART.left] : [x(0), x(record.L - 1)];
  const heights = edge.map((point) => bottom - Number(point.split(" ")[1]));
  const text = scale === "rank" ? `not in the top ${record.K}` : `below ${boundName(record.K)}`;
  const roomy = heights[Math.floor(heights.length / 2)] > 16;
  const line = record.L === 1 ? `M${ends[0]} ${edge[0].split(" ")[1]}L${ends[1]} ${edge[0].split(" ")[1]}` : `M${edge.join("L")}`;
  return {
    area: [svgElement("path", { class: "chart-band", d: `${line}L${ends[1]} ${bottom}L${ends[0]} ${bottom}Z` }),
      svgElement("path", { class: "chart-edge", d: line })],
    words: roomy ? [svgElement("text", { class: "chart-below", x: (ends[0] + ends[1]) / 2, y: bottom - 5, "text-anchor": "middle" }, text)] : [],
  };
}

/** @param {ChartLine} one @param {Plot} plot @param {boolean} dark @param {string} [dash] of the line where it is known */
export function chartLine(one, { x, y }, dark, dash = "none") {
  const { whole, dashed, dots } = chartPaths(one.points, x, y);
  const group = svgElement("g", { class: "chart-line", stroke: chartColour(one, dark), fill: chartColour(one, dark), "data-index": one.index });
  if (whole) group.append(svgElement("path", { d: whole, fill: "none", "stroke-dasharray": dash }));
  if (dashed) group.append(svgElement("path", { class: "chart-dive", d: dashed, fill: "none" }));
  group.append(...dots.map(([cx, cy]) => svgElement("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 2.5, stroke: "none" })));
  return group;
}

/** The known values at a layer. @param {ChartModel} model @param {boolean} dark @param {number} layer @param {Plot} plot */
export const chartDots = (model, dark, layer, { x, y }) => model.series.filter((one) => one.points[layer].exact)
  .map((one) => svgElement("circle", { cx: x(layer), cy: y(one.points[layer].value), r: 3, fill: chartColour(one, dark) }));

/** @param {HTMLElement} element @param {LensPage} record @param {Series} one */
export function nameSeries(element, record, one) {
  if (one.name) element.textContent = one.name;
  else writeToken(element, record.text(one.index));
  element.classList.toggle("token", one.index >= 0);
}

/** @param {HTMLElement} card @param {ChartModel} model @param {boolean} dark @param {number} height */
function chartLabels(card, model, dark, height) {
  const holder = part(card, ".chart-labels");
  holder.style.height = `${height}px`;
  holder.replaceChildren(...model.series.map((one, n) => {
    const label = cloneOne("chart-label");
    const [swatch, text] = childrenOf(label);
    swatch.style.background = chartColour(one, dark);
    nameSeries(text, model.record, one);
    label.style.top = `${CHART.top + n * CHART.label}px`;
    label.dataset.index = String(one.index);
    label.classList.toggle("chosen", model.chosen.includes(one.index));
    label.title = one.index < 0 ? "Of all chosen tokens" : `${model.record.text(one.index)} (id ${model.record.id(one.index)}): show it on the image`;
    return label;
  }));
}

/**
 * Read all lines at a layer: the mark, the dots, the values at the labels.
 * @param {HTMLElement} card
 * @param {ChartModel} model
 * @param {boolean} dark
 * @param {Plot} plot as drawn
 * @param {number} layer index
 */
export function readChart(card, model, dark, plot, layer) {
  const now = part(card, ".chart-now", SVGElement);
  now.setAttribute("x1", String(plot.x(layer)));
  now.setAttribute("x2", String(plot.x(layer)));
  part(card, ".chart-dots", SVGElement).replaceChildren(...chartDots(model, dark, layer, plot));
  const texts = model.series.map((one) => pointText(one.points[layer], model.scale));
  childrenOf(part(card, ".chart-labels")).forEach((label, n) => {
    childrenOf(label)[2].textContent = texts[n];
    label.classList.toggle("unknown", !model.series[n].points[layer].exact);
  });
  const slider = part(card, ".plot");
  slider.setAttribute("aria-valuenow", String(layer));
  slider.setAttribute("aria-valuetext", `${model.record.layerName(layer)}: ${model.series.map((one, n) => `${seriesName(model.record, one)} ${texts[n]}`).join(", ")}`);
}

/** Layer index under a point of the plot. @param {HTMLElement} card @param {LensPage} record @param {number} clientX */
export function chartLayerAt(card, record, clientX) {
  const box = part(card, "svg", SVGElement).getBoundingClientRect();
  const along = (clientX - box.left - CHART.left) / Math.max(1, box.width - CHART.left - CHART.right);
  return Math.max(0, Math.min(record.L - 1, Math.round(along * (record.L - 1))));
}
