/**
 * How far each layer is from the final answer, taken away: as CSV, and as one SVG that needs no style sheet.
 */
import { capital, formatCount } from "../core/format.js";
import { svgElement } from "../core/svg.js";
import { distanceOf, halfSentence } from "../lenses/distance.js";
import { distanceParts, lensColour } from "../lenses/distance_chart.js";
import { checkVerdict } from "../page/validity.js";
import { sheetLook, styleSheet } from "./charts.js";
import { csvText } from "./csv_text.js";
import { figureSource, xmlText } from "./figure_model.js";
import { FIGURE_FONT, figureInks, figureText } from "./figure_style.js";
/** @import { LensPage } from "../core/record.js" */

const DISTANCE_SHEET = { width: 960, gap: 28, edge: 16, head: 44, chart: 260 };

/** A line for every lens, kind of position and layer. @param {LensPage} record */
export function distanceCsv(record) {
  const head = ["image", "model", "lens", "layer", "positions", "count", "kl_median_nats", "kl_lower_quartile_nats", "kl_upper_quartile_nats"];
  const nats = (/** @type {number} */ value) => Number(value.toPrecision(6)); // without the noise of float64
  return csvText([head, ...distanceOf(record).groups.flatMap(({ name, count, lenses }) => lenses.flatMap(({ quartiles }, n) => quartiles.map(({ low, middle, high }, l) => [
    record.meta.image?.name ?? "", record.meta.model ?? "", record.lensNames[n], record.layers[l], name, count, nats(middle), nats(low), nats(high),
  ])))]);
}

/** The charts of the dialog side by side. @param {LensPage} record @param {boolean} dark */
export function distanceSvg(record, dark) {
  const { width, gap, edge, head, chart } = DISTANCE_SHEET;
  const inks = figureInks(dark);
  const { groups, most } = distanceOf(record);
  const wide = (width - 2 * edge - (groups.length - 1) * gap) / groups.length;
  const charts = groups.map((group, k) => {
    const place = svgElement("g", { transform: `translate(${edge + k * (wide + gap)} 12)` });
    const plot = svgElement("g", { transform: `translate(0 ${head})` });
    plot.append(...distanceParts(record, group, most, dark, { width: wide, height: chart }).parts.filter((part) => !part.matches(".chart-now")));
    place.append(svgElement("text", { y: 14, fill: inks.ink, "font-weight": 650 }, `${capital(group.name)}, ${formatCount(group.count, "position")}`), ...lensKeys(group.lenses, dark, inks.ink), plot);
    return place;
  });
  const names = record.everyLens.map((one) => one.lensTitle).join(" and ");
  const say = "KL from the guess at a layer to the final one: median over the positions, with the band from the lower to the upper quartile.";
  const y = 12 + head + chart + 24;
  const caption = figureText([say, halfSentence(record), ...figureSource(record, checkVerdict(record), names)], y, width, inks.ink);
  const height = y + 18 * caption.length + 6;
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FIGURE_FONT, "font-size": 13 });
  svg.append(svgElement("title", {}, xmlText(`${record.meta.image?.name ?? ""}: how far from the final answer`)), svgElement("rect", { width, height, fill: inks.paper }), ...charts, ...caption);
  styleSheet(svg, sheetLook(inks));
  return svg;
}

/** @param {{name: string}[]} lenses @param {boolean} dark @param {string} ink */
function lensKeys(lenses, dark, ink) {
  let x = 0;
  return lenses.flatMap(({ name }, n) => {
    const at = x;
    x += 40 + 6.6 * name.length;
    return [svgElement("rect", { x: at, y: 26, width: 14, height: 3, fill: lensColour(n, dark) }), svgElement("text", { x: at + 20, y: 31, fill: ink, "font-size": 11.5 }, xmlText(name))];
  });
}
