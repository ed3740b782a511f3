/**
 * A, B, their difference and where they part as a figure for a paper, as SVG and PNG; the layer's
 * numbers as CSV.
 */
import { quietText } from "../core/format.js";
import { svgElement } from "../core/svg.js";
import { csvText } from "../export/csv_text.js";
import { figureLines, figureSource, xmlText } from "../export/figure_model.js";
import { FIGURE_FONT, figureInks, figureText, hexRgb } from "../export/figure_style.js";
import { svgPng } from "../export/png.js";
import { boxOf, patchSet } from "../image/map.js";
import { mapColour } from "../maps/map_canvas.js";
import { exportName, saveBlob, wireMenu } from "../page/dialog.js";
import { checkVerdict } from "../page/validity.js";
import { PANELS, PANEL_NAMES, mixed } from "./looks.js";
import { panelLook, sidePicture } from "./maps.js";
import { measureOf } from "./measures.js";
import { panelEnds, panelShades, panelTitle, pictureSide, sideName } from "./panels.js";
/** @import { State } from "../core/state.js" */
/** @import { PairMeasure } from "./measures.js" */
/** @import { PairPage } from "./pair.js" */
/** @import { Panel } from "./looks.js" */

const [WIDE, BETWEEN, TOP] = [1240, 20, 34];

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountPairFigure(root, pair, state) {
  const name = (/** @type {string} */ ending) => exportName(pair.a, `against-${pair.b.meta.image?.name ?? "B"}-${pair.layerName(state.get("layer"))}-${state.get("measure")}`, ending);
  const need = () => (pair.a.placed.length ? "" : "these records have no patches");
  const save = (/** @type {boolean} */ png) => async () => {
    const { svg, width, height } = pairFigure(pair, state);
    const text = new XMLSerializer().serializeToString(svg);
    saveBlob(png ? await svgPng(text, width, height) : new Blob([text], { type: "image/svg+xml" }), name(png ? ".png" : ".svg"));
  };
  wireMenu(root, "figure", [
    { label: "A, B and the difference, PNG", note: "four maps at this layer", ready: need, run: save(true) },
    { label: "A, B and the difference, SVG", note: "for print, editable", ready: need, run: save(false) },
  ]);
}

/** @param {PairPage} pair @param {State} state */
function pairFigure(pair, state) {
  const { layer: l, view, dark } = state.all();
  const measure = measureOf(pair, state.get("measure"));
  const { paper, ink, pin } = figureInks(dark);
  const wide = (WIDE - BETWEEN * (PANELS.length + 1)) / PANELS.length;
  const tall = Math.max(...PANELS.map((panel) => heightOf(pair, panel, view, wide)));
  const svg = svgElement("svg", { width: WIDE, "font-family": FIGURE_FONT, "font-size": 13 });
  const drawn = PANELS.map((panel, n) => pairPanel(pair, measure, { panel, l, view, dark, ink, paper, pin, x: BETWEEN + n * (wide + BETWEEN), wide, tall }));
  const below = TOP + tall + 78;
  const said = `${measure.title[0].toUpperCase()}${measure.title.slice(1)} at ${pair.layerName(l)}${measure.signed ? " (B − A)" : ""}. ${pair.notes.map((note) => `${note}. `).join("")}`;
  const sources = /** @type {["a", "b"]} */ (["a", "b"]).flatMap((side) => figureSource(pair[side], checkVerdict(pair[side])).map((line) => `${side.toUpperCase()}: ${line}`));
  const text = figureText([said, ...sources], below, WIDE, ink);
  const height = below + 18 * text.length;
  for (const [key, value] of Object.entries({ height, viewBox: `0 0 ${WIDE} ${height}` })) svg.setAttribute(key, String(value));
  svg.append(svgElement("title", {}, xmlText(`A, B and their difference: ${measure.title}`)), svgElement("rect", { width: WIDE, height, fill: paper }), greyFilter(), ...drawn, ...text);
  return { svg, width: WIDE, height };
}

/** Takes the colours from a picture: what is coloured then means something. */
function greyFilter() {
  const filter = svgElement("filter", { id: "grey" });
  filter.append(svgElement("feColorMatrix", { type: "saturate", values: 0 }));
  return filter;
}

/** How high a map is. @param {PairPage} pair @param {Panel} panel @param {number} view @param {number} wide */
function heightOf(pair, panel, view, wide) {
  const [left, top, right, bottom] = patchSet(pair[pictureSide(panel)], view).extent;
  return Number.isFinite(left) ? (wide * (bottom - top)) / (right - left || 1) : wide;
}

/**
 * @param {PairPage} pair
 * @param {PairMeasure} measure
 * @param {{panel: Panel, l: number, view: number, dark: boolean, ink: string, paper: string, pin: string, x: number, wide: number, tall: number}} place
 */
function pairPanel(pair, measure, { panel, l, view, dark, ink, paper, pin, x, wide, tall }) {
  const side = pictureSide(panel);
  const [record, set, look] = [pair[side], patchSet(pair[side], view), panelLook(panel, dark, { surface: paper, pin })];
  const shades = panelShades(pair, measure, panel, l);
  const [left, top] = set.extent;
  const scale = wide / (set.extent[2] - left || 1);
  const high = heightOf(pair, panel, view, wide);
  const group = svgElement("g", { transform: `translate(${x.toFixed(1)} ${TOP})` });
  const clip = svgElement("clipPath", { id: `clip-${panel}` });
  clip.append(svgElement("rect", { width: wide, height: high }));
  const map = svgElement("g", { "clip-path": `url(#clip-${panel})` });
  const { width, height } = record.meta.image;
  const href = sidePicture(side)?.src ?? "";
  if (href) map.append(svgElement("image", { href, x: -left * scale, y: -top * scale, width: width * scale, height: height * scale, preserveAspectRatio: "none", opacity: dark ? 0.34 : 0.4, ...(look.grey ? { filter: "url(#grey)" } : {}) }));
  for (const t of set.positions) {
    const { rgb, alpha } = mapColour(shades[pair.rowOf[side].get(t) ?? -1], look);
    if (alpha < 0.004) continue;
    const [a, b, c, d] = boxOf(record, t);
    map.append(svgElement("rect", { x: ((a - left) * scale).toFixed(2), y: ((b - top) * scale).toFixed(2), width: ((c - a) * scale).toFixed(2), height: ((d - b) * scale).toFixed(2), fill: `rgb(${rgb.join(",")})`, "fill-opacity": alpha.toFixed(3) }));
  }
  group.append(clip, svgElement("text", { x: 0, y: -10, "font-size": 15, "font-weight": 650, fill: ink }, xmlText(`${PANEL_NAMES[panel]}${panel === "a" || panel === "b" ? `  ${sideName(pair, panel)}` : ""}`)), map,
    svgElement("rect", { width: wide, height: high, fill: "none", stroke: ink, "stroke-opacity": 0.3 }),
    ...figureScale(pair, measure, panel, look, { y: tall + 8, wide, ink }),
    ...figureLines(panelTitle(measure, panel), Math.floor(wide / 5.9), 2).map((line, n) => svgElement("text", { x: 0, y: tall + 46 + 14 * n, "font-size": 11.5, fill: ink }, xmlText(line))));
  return group;
}

/** @param {PairPage} pair @param {PairMeasure} measure @param {Panel} panel @param {ReturnType<typeof panelLook>} look @param {{y: number, wide: number, ink: string}} place */
function figureScale(pair, measure, panel, look, { y, wide, ink }) {
  const [count, bothSides] = [48, panel === "difference" && measure.signed];
  const step = wide / count;
  return [
    ...Array.from({ length: count }, (_, n) => {
      const shade = bothSides ? (2 * n) / (count - 1) - 1 : n / (count - 1);
      return svgElement("rect", { x: (n * step).toFixed(2), y, width: (step + 0.3).toFixed(2), height: 8, fill: `rgb(${mixed(shade, look, hexRgb(look.surface)).join(",")})` });
    }),
    svgElement("rect", { x: 0, y, width: wide, height: 8, fill: "none", stroke: ink, "stroke-opacity": 0.3 }),
    ...panelEnds(pair, measure, panel).map((end, n) => svgElement("text", { x: (n * wide) / 2, y: y + 21, "font-size": 10.5, "text-anchor": ["start", "middle", "end"][n], fill: ink }, end)),
  ];
}

/** Every row at a layer: what A and B say, and how far apart. @param {PairPage} pair @param {number} l */
export function pairCsv(pair, l) {
  const head = ["row", "kind", "token", "position_a", "position_b", "top_a", "p_a", "top_b", "p_b", "flips", pair.exact ? "total_variation" : "total_variation_at_least", "kl_a_b", "entropy_change", "parts_at_layer"];
  const lines = Array.from({ length: pair.R }, (_, row) => {
    const m = pair.pairs[row];
    const sides = /** @type {["a", "b"]} */ (["a", "b"]).flatMap((side) => {
      const t = pair.position(row, side);
      return t < 0 ? [null, null] : [quietText(pair[side].text(pair.top(side, l, row))), pair[side].topProb(pair.layer(l, side), t, 0)];
    });
    const of = (/** @type {number} */ value) => (m < 0 || Number.isNaN(value) ? null : value);
    const parting = m < 0 || pair.parting(m) < 0 ? null : pair.layerText(pair.parting(m));
    return [row, ["text", "image", "answer"][pair.kind(row)], pair.label(row), pair.position(row, "a"), pair.position(row, "b"), ...sides,
      m < 0 ? null : Number(pair.flips(l, m)), of(pair.variation(l, m)), of(pair.divergence(l, m)), of(pair.entropyChange(l, m)), parting];
  });
  return csvText([head, ...lines]);
}

/** @param {HTMLElement} root @param {PairPage} pair @param {State} state */
export function mountPairData(root, pair, state) {
  wireMenu(root, "data", [{
    label: "This layer, CSV", note: "every position: what A and B say, how far apart",
    run: () => saveBlob(new Blob([pairCsv(pair, state.get("layer"))], { type: "text/csv;charset=utf-8" }), exportName(pair.a, `against-${pair.layerName(state.get("layer"))}`, ".csv")),
  }]);
}
