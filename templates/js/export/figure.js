/**
 * The figure menu: the picture as it is seen (look, words, pins) with legend and caption, as SVG or
 * PNG, as wide as a column or a page of print. The parts are in export/figure_parts.js, the charts in
 * export/charts.js.
 */
import { penOf, thePicture } from "../core/dom.js";
import { quantityNow } from "../core/quantity.js";
import { svgElement } from "../core/svg.js";
import { NAME_SIZE } from "../image/regions.js";
import { imageView } from "../image/view.js";
import { exportName, saveBlob, wireMenu } from "../page/dialog.js";
import { checkVerdict } from "../page/validity.js";
import { chartsSvg } from "./charts.js";
import { distanceSvg } from "./distance_figure.js";
import { badgeSpots, figureCaption, figureFrame, figurePatches, figurePins, figureWords, xmlText } from "./figure_model.js";
import { figureContours, figureDefs, figureEdge, figureLegend, figurePatch, figurePicture, figurePin, figureWord } from "./figure_parts.js";
import { FIGURE_FONT, figureInks, figureText, hexRgb } from "./figure_style.js";
import { svgPng } from "./png.js";
import { wordFigure } from "./word_figure.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/** Pixels of 1/96 inch, as CSS has them: widths of a column and of a page of print. */
const WIDTHS = { column: 321, page: 661 }; // 85 mm and 175 mm
const TALLEST = 831; // 220 mm
const CAPTION = { size: 9.5, line: 13, edge: 2 }; // 7 points

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountExportFigure(root, record, state) {
  const need = () => (thePicture()?.naturalWidth ? "" : "this record has no picture");
  const name = (/** @type {string} */ ending) => exportName(record, `${record.layerName(state.get("layer"))}-${quantityNow(record, state).mode}`, ending);
  const svgText = (/** @type {SVGElement} */ svg) => new XMLSerializer().serializeToString(svg);
  const save = (/** @type {keyof typeof WIDTHS} */ size, /** @type {boolean} */ png) => async () => {
    const { svg, width, height } = figureSvg(record, state, WIDTHS[size]);
    if (png) saveBlob(await svgPng(svgText(svg), width, height), name(".png"));
    else saveBlob(new Blob([svgText(svg)], { type: "image/svg+xml" }), name(".svg"));
  };
  const needWord = () => (state.get("word") >= 0 ? "" : "choose a word of the answer first");
  const saveWord = (/** @type {boolean} */ png) => async () => {
    const { svg, width, height } = wordFigure(record, state);
    const text = new XMLSerializer().serializeToString(svg);
    const blob = png ? await svgPng(text, width, height) : new Blob([text], { type: "image/svg+xml" });
    saveBlob(blob, exportName(record, "word-maps", png ? ".png" : ".svg"));
  };
  wireMenu(root, "figure", [
    { label: "PNG, page", note: "as shown: layer, look, words, pins; 175 mm at 300 dpi", ready: need, run: save("page", true) },
    { label: "PNG, column", note: "the same, 85 mm", ready: need, run: save("column", true) },
    { label: "SVG, page", note: "text as text: for print, can be edited", ready: need, run: save("page", false) },
    { label: "SVG, column", note: "the same, 85 mm", ready: need, run: save("column", false) },
    { label: "Three maps of the word, PNG", note: "reads as, depends on, writes", ready: needWord, run: saveWord(true) },
    { label: "Three maps of the word, SVG", note: "for print, editable", ready: needWord, run: saveWord(false) },
    {
      label: "Distance by layer, SVG", note: "KL to the final layer, patches and text", ready: () => (record.hasKl ? "" : "this record has no KL"),
      run: () => saveBlob(new Blob([svgText(distanceSvg(record, state.get("dark")))], { type: "image/svg+xml" }), exportName(record, "distance", ".svg", "")),
    },
    {
      label: "Trajectories, SVG", note: "the charts of the pinned positions", ready: () => (state.get("pins").length ? "" : "pin a cell first"),
      run: () => saveBlob(new Blob([svgText(chartsSvg(record, state))], { type: "image/svg+xml" }), exportName(record, `trajectories-${state.get("scale")}`, ".svg")),
    },
  ]);
}

/**
 * @param {LensPage} record
 * @param {State} state
 * @param {number} width
 */
function figureSvg(record, state, width) {
  const { layer, view, dark, look, strength, words } = state.all();
  const seen = imageView(record, state);
  const { box } = figureFrame(record, view, seen.zoomed() ? seen.visible() : null);
  const scale = Math.min(width / (box[2] - box[0]), TALLEST / (box[3] - box[1]));
  const place = { box, scale };
  const [drawnWidth, drawnHeight] = [(box[2] - box[0]) * scale, (box[3] - box[1]) * scale];
  const quantity = quantityNow(record, state);
  const inks = figureInks(dark);
  const shown = { look, strength, found: quantity.tokens.length > 0, dark, paper: hexRgb(inks.paper), unknown: hexRgb(inks.unknown) };
  const pins = figurePins(record, state.get("pins"), { view, place });
  const written = words ? figureWords(record, { layer, view, place, only: quantity.tokens, zoom: seen.zoom() }, figureMeasure(FIGURE_FONT), figureMeasure(getComputedStyle(document.body).fontFamily)) : { words: [], contours: [] };
  const badges = badgeSpots(pins, written.words, { width: drawnWidth, height: drawnHeight });
  const overlay = svgElement("g", { transform: `translate(${(width - drawnWidth) / 2} 0)`, "clip-path": "url(#frame)" });
  overlay.append(
    figurePicture(record, place),
    ...figurePatches(record, quantity, { layer, view, place }).flatMap((patch) => figurePatch(patch, shown)),
    ...figureContours(written.contours), ...pins.map((pin, n) => figurePin(pin, badges[n], dark)), ...written.words.map((word) => figureWord(word, dark)),
    figureEdge(drawnWidth, drawnHeight, dark),
  );
  let y = drawnHeight + 16;
  const legend = quantity.ticks.length ? figureLegend(record, quantity, { look, ink: inks.ink, y, width }) : null;
  if (legend) y += legend.tall;
  const caption = figureText(figureCaption(record, { layer, view, title: quantity.title, verdict: checkVerdict(record), pins, part: seen.zoomed() }), y, width, inks.soft, CAPTION);
  const height = Math.ceil(y + CAPTION.line * caption.length - 4);
  const millimetres = (/** @type {number} */ pixels) => `${(pixels / 96 * 25.4).toFixed(2)}mm`;
  const svg = svgElement("svg", { width: millimetres(width), height: millimetres(height), viewBox: `0 0 ${width} ${height}`, "font-family": FIGURE_FONT });
  svg.append(svgElement("title", {}, xmlText(`${record.meta.image.name}: ${quantity.title}, ${record.layerName(layer)}`)),
    figureDefs(shown, drawnWidth, drawnHeight), svgElement("rect", { width, height, fill: inks.paper }), overlay, ...(legend ? [legend.group] : []), ...caption);
  return { svg, width, height };
}

/** @param {string} family of fonts */
function figureMeasure(family) {
  const pen = penOf(document.createElement("canvas"));
  pen.font = `600 ${NAME_SIZE}px ${family}`;
  return (/** @type {string} */ text) => pen.measureText(text).width;
}
