/**
 * The charts of the pinned positions as one SVG that needs no style sheet.
 */
import { LINES } from "../core/colour.js";
import { part } from "../core/dom.js";
import { svgElement } from "../core/svg.js";
import { checkVerdict } from "../page/validity.js";
import { chartColour, chartDots, chartParts } from "../pinned/chart.js";
import { chartModels, pointText, seriesName } from "../pinned/chart_data.js";
import { figureSource, xmlText } from "./figure_model.js";
import { FIGURE_FONT, figureInks, figureText } from "./figure_style.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { ChartModel } from "../pinned/chart_data.js" */
/** @import { FigureInks } from "./figure_style.js" */

const SHEET = { width: 960, gap: 28, head: 30, chart: 240, line: 17, names: 164 };
const SCALE_NAMES = { prob: "Probability", log: "Probability (logarithmic)", rank: "Rank" };

/** What css/pinned.css says, as attributes: they are understood everywhere. @param {FigureInks} inks @returns {Record<string, Record<string, string|number>>} */
export const sheetLook = ({ soft, line, strong, unknown, pin }) => ({
  "chart-grid": { stroke: line },
  "chart-tick": { fill: soft, "font-size": 10.5 },
  "chart-below": { fill: soft, "font-size": 10.5, stroke: unknown, "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" },
  "chart-band": { fill: unknown },
  "chart-edge": { fill: "none", stroke: strong, "stroke-dasharray": "2 2" },
  "chart-pin": { stroke: pin, "stroke-width": 1.5, "stroke-dasharray": "4 3" },
  "chart-now": { stroke: soft, opacity: 0.6 },
  "chart-line": { "stroke-width": 2, "stroke-linejoin": "round" },
  "chart-dive": { "stroke-width": 1.25, "stroke-dasharray": "3 3" },
});

/**
 * @param {LensPage} record
 * @param {State} state
 * @returns {SVGElement} numbered and in the order of the pins, as on the figure of the picture
 */
export function chartsSvg(record, state) {
  const { width, gap } = SHEET;
  const inks = figureInks(state.get("dark"));
  const models = chartModels(record, state.all(), LINES.light.length);
  const columns = models.length > 1 ? 2 : 1;
  const wide = (width - 32 - (columns - 1) * gap) / columns;
  const tall = SHEET.head + SHEET.chart + 12;
  const layer = state.get("layer");
  const svg = svgElement("svg", { width, "font-family": FIGURE_FONT, "font-size": 13 });
  const charts = models.map((model, n) => {
    const at = `translate(${16 + (n % columns) * (wide + gap)} ${12 + Math.floor(n / columns) * tall})`;
    const group = svgElement("g", { class: "card", transform: at });
    group.append(...sheetChart(model, n + 1, layer, wide, state.get("dark")));
    return group;
  });
  const y = 12 + Math.ceil(models.length / columns) * tall + 20;
  const say = `${SCALE_NAMES[state.get("scale")]} of tokens over the layers, values at ${record.layerName(layer)} (full line); dashed lines: where it was pinned.`;
  const caption = figureText([say, ...figureSource(record, checkVerdict(record))], y, width, inks.ink);
  const height = y + 18 * caption.length + 6;
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.append(svgElement("title", {}, xmlText(`${record.meta.image?.name ?? ""}: trajectories of the pinned positions`)),
    svgElement("rect", { width, height, fill: inks.paper }), ...charts, ...caption);
  for (const sum of svg.querySelectorAll("[data-index='-1']")) for (const path of sum.children) path.setAttribute("stroke-width", "3");
  styleSheet(svg, sheetLook(inks));
  return svg;
}

/** @param {SVGElement} svg @param {Record<string, Record<string, string|number>>} looks attributes by class */
export function styleSheet(svg, looks) {
  for (const [name, look] of Object.entries(looks)) {
    for (const element of svg.querySelectorAll(`.${name}`)) for (const [key, value] of Object.entries(look)) element.setAttribute(key, String(value));
  }
}

/**
 * Title, plot and legend of one position.
 * @param {ChartModel} model
 * @param {number} number of the pin
 * @param {number} layer at which the lines are read
 * @param {number} wide
 * @param {boolean} dark
 */
function sheetChart(model, number, layer, wide, dark) {
  const { record, position } = model;
  const { ink, soft } = figureInks(dark);
  const { parts, plot: { x, y } } = chartParts(model, dark, { width: wide - SHEET.names, height: SHEET.chart });
  const plot = svgElement("g", { transform: `translate(0 ${SHEET.head})`, color: ink });
  plot.append(...parts);
  for (const side of ["x1", "x2"]) part(plot, ".chart-now", SVGElement).setAttribute(side, String(x(layer)));
  part(plot, ".chart-dots", SVGElement).append(...chartDots(model, dark, layer, { x, y }));
  for (const element of plot.querySelectorAll("[stroke=currentColor], [fill=currentColor]")) {
    for (const key of ["stroke", "fill"]) if (element.getAttribute(key) === "currentColor") element.setAttribute(key, ink);
  }
  const place = record.place(position);
  const title = svgElement("text", { y: 16, fill: ink, "font-weight": 650 }, xmlText(`${number}: ${record.label(position).slice(0, 40)}`));
  const layers = [...model.pinned].sort((a, b) => a - b).map((l) => record.layers[l]).join(", ");
  title.append(svgElement("tspan", { dx: 8, "font-weight": 400, "font-size": 11.5, fill: soft }, `${place ? `row ${place.row}, column ${place.column}` : `position ${position}`}, pinned at ${layers}`));
  const legend = model.series.flatMap((one, n) => {
    const [left, middle] = [wide - SHEET.names + 8, SHEET.head + 16 + n * SHEET.line];
    const name = seriesName(record, one);
    return [
      svgElement("rect", { x: left, y: middle - 5.5, width: 10, height: 3, fill: one.index < 0 ? ink : chartColour(one, dark) }),
      svgElement("text", { x: left + 15, y: middle, fill: ink, "font-size": 11.5 }, xmlText([...name].length > 13 ? `${[...name].slice(0, 12).join("")}…` : name)),
      svgElement("text", { x: wide, y: middle, fill: one.points[layer].exact ? ink : soft, "font-size": 11.5, "text-anchor": "end" }, pointText(one.points[layer], model.scale)),
    ];
  });
  return [title, plot, ...legend];
}
