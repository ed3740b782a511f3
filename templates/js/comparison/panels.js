/**
 * What each map shows at a layer: a shade and a text per row. Pure. Maps and figure ask it alike.
 */
import { partingShade } from "./looks.js";
import { formatNumber } from "../core/format.js";
/** @import { PairPage, Side } from "./pair.js" */
/** @import { PairMeasure } from "./measures.js" */
/** @import { Panel } from "./looks.js" */

/** Whose picture a map is drawn on. @param {Panel} panel @returns {Side} */
export const pictureSide = (panel) => (panel === "b" ? "b" : "a");

/** What tells a side from the other: its picture's name, else its model. @param {PairPage} pair @param {Side} side */
export function sideName(pair, side) {
  const [a, b] = [pair.a.meta, pair.b.meta];
  if (a.image.name !== b.image.name) return pair[side].meta.image.name;
  return a.model === b.model ? "" : pair[side].meta.model ?? "";
}

/** The shade of every row at a layer, NaN where there is none. @param {PairPage} pair @param {PairMeasure} measure @param {Panel} panel @param {number} l */
export function panelShades(pair, measure, panel, l) {
  return Float32Array.from({ length: pair.R }, (_, row) => {
    if (panel === "a" || panel === "b") {
      const t = pair.position(row, panel);
      return t < 0 ? NaN : measure.sideShade(pair[panel], pair.layer(l, panel), t);
    }
    const m = pair.pairs[row];
    if (m < 0) return NaN;
    return panel === "difference" ? measure.shade(l, m) : partingShade(pair.parting(m), pair.L);
  });
}

/** What a map says of one row. @param {PairPage} pair @param {PairMeasure} measure @param {Panel} panel @param {number} l @param {number} row */
export function panelText(pair, measure, panel, l, row) {
  if (panel === "a" || panel === "b") {
    const t = pair.position(row, panel);
    return t < 0 ? "no partner" : measure.sideText(pair[panel], pair.layer(l, panel), t);
  }
  const m = pair.pairs[row];
  if (m < 0) return "no partner";
  return panel === "difference" ? measure.text(l, m) : partingText(pair, m);
}

/** @param {PairPage} pair @param {number} m */
export function partingText(pair, m) {
  const at = pair.parting(m);
  if (at < 0) return pair.exact ? "never" : "never, as far as is known";
  return `${pair.exact ? "" : "by "}layer ${pair.layerText(at)}`;
}

/** Pairs that are patches; all where there are none. @param {PairPage} pair @returns {number[]} */
export function patchPairs(pair) {
  const all = Array.from(pair.rowOfPair.keys());
  const patches = all.filter((m) => pair.kind(pair.rowOfPair[m]) === 1);
  return patches.length ? patches : all;
}

/** What a map says of all its patches. @param {PairPage} pair @param {PairMeasure} measure @param {Panel} panel @param {number} l */
export function panelSummary(pair, measure, panel, l) {
  const some = patchPairs(pair);
  if (panel === "parting") {
    const parted = some.filter((m) => pair.parting(m) >= 0).length;
    return `${parted} of ${some.length} part`;
  }
  if (panel !== "difference") return "";
  const known = some.map((m) => Math.abs(measure.value(l, m))).filter((value) => !Number.isNaN(value));
  if (!known.length) return "";
  if (measure.key === "flip") return `${known.filter((value) => value > 0).length} of ${known.length} flip`;
  return `mean ${measure.signed ? "size " : ""}${formatNumber(known.reduce((sum, value) => sum + value, 0) / known.length)}`;
}

/** Ends of a map's scale. @param {PairPage} pair @param {PairMeasure} measure @param {Panel} panel @returns {[string, string, string]} */
export function panelEnds(pair, measure, panel) {
  if (panel === "parting") return ["never", "", `layer ${pair.layerText(0)}`];
  return panel === "difference" ? measure.ends : measure.sideEnds;
}

/** @param {PairMeasure} measure @param {Panel} panel */
export function panelTitle(measure, panel) {
  return { a: measure.sideTitle, b: measure.sideTitle, difference: measure.title, parting: "first layer with total variation > 0.5" }[panel];
}
