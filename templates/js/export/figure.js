/**
 * The figure menu: the picture with its patches, words, pins, legend and caption as SVG or PNG; the
 * charts are in export/charts.js.
 */
import { shadeFill } from "../core/colour.js";
import { penOf, thePicture } from "../core/dom.js";
import { quantityNow } from "../core/quantity.js";
import { svgElement } from "../core/svg.js";
import { belowAlpha, patchAlpha } from "../image/draw.js";
import { imageView } from "../image/view.js";
import { exportName, saveBlob, wireMenu } from "../page/dialog.js";
import { checkVerdict } from "../page/validity.js";
import { chartsSvg } from "./charts.js";
import { figureCaption, figureFrame, figureLines, figurePatches, figurePins, figureWords, xmlText } from "./figure_model.js";
import { FIGURE_FONT, figureInks, figureText } from "./figure_style.js";
import { wordFigure } from "./word_figure.js";
/** @import { Quantity } from "../core/quantity.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { FigurePatch, FigurePin, FigurePlace, FigureWord } from "./figure_model.js" */

const FIGURE_WIDTH = 960;
const FIGURE_LEAST = 360; // room for the caption beside a small picture
const FIGURE_WORD = 17; // pixels: 8 points where the figure is as wide as a page
/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountExportFigure(root, record, state) {
  const need = () => (thePicture()?.naturalWidth ? "" : "this record has no picture");
  const name = (/** @type {string} */ ending) => exportName(record, `${record.layerName(state.get("layer"))}-${quantityNow(record, state).mode}`, ending);
  const save = (/** @type {boolean} */ words, /** @type {boolean} */ png) => async () => {
    const { svg, width, height } = figureSvg(record, state, words);
    const text = new XMLSerializer().serializeToString(svg);
    if (!png) saveBlob(new Blob([text], { type: "image/svg+xml" }), name(".svg"));
    else saveBlob(await figurePng(text, width, height), name(".png"));
  };
  const needWord = () => (state.get("word") >= 0 ? "" : "choose a word of the answer first");
  const saveWord = (/** @type {boolean} */ png) => async () => {
    const { svg, width, height } = wordFigure(record, state);
    const text = new XMLSerializer().serializeToString(svg);
    const blob = png ? await figurePng(text, width, height) : new Blob([text], { type: "image/svg+xml" });
    saveBlob(blob, exportName(record, "word-maps", png ? ".png" : ".svg"));
  };
  wireMenu(root, "figure", [
    { label: "PNG", note: "this layer, colours and tokens", ready: need, run: save(false, true) },
    { label: "PNG with words", note: "and the top tokens", ready: need, run: save(true, true) },
    { label: "SVG", note: "for print, editable", ready: need, run: save(false, false) },
    { label: "SVG with words", note: "and the top tokens", ready: need, run: save(true, false) },
    { label: "Three maps of the word, PNG", note: "reads as, depends on, writes", ready: needWord, run: saveWord(true) },
    { label: "Three maps of the word, SVG", note: "for print, editable", ready: needWord, run: saveWord(false) },
    {
      label: "Trajectories, SVG", note: "the charts of the pinned positions", ready: () => (state.get("pins").length ? "" : "pin a cell first"),
      run: () => saveBlob(new Blob([new XMLSerializer().serializeToString(chartsSvg(record, state))], { type: "image/svg+xml" }), exportName(record, `trajectories-${state.get("scale")}`, ".svg")),
    },
  ]);
}

/**
 * @param {LensPage} record
 * @param {State} state
 * @param {boolean} words the top tokens are written on it
 */
function figureSvg(record, state, words) {
  const { layer, view, dark } = state.all();
  const { box } = figureFrame(record, view);
  const scale = Math.min(FIGURE_WIDTH / (box[2] - box[0]), 1200 / (box[3] - box[1]));
  const place = { box, scale };
  const [drawnWidth, drawnHeight] = [(box[2] - box[0]) * scale, (box[3] - box[1]) * scale];
  const width = Math.max(FIGURE_LEAST, drawnWidth);
  const quantity = quantityNow(record, state);
  const look = { opacity: imageView(record, state).look.opacity, found: quantity.tokens.length > 0 };
  const { paper, ink } = figureInks(dark);
  const pins = figurePins(record, state.get("pins"), { view, place });
  const svg = svgElement("svg", { width, "font-family": FIGURE_FONT, "font-size": 13 });
  const overlay = svgElement("g", { transform: `translate(${(width - drawnWidth) / 2} 0)`, "clip-path": "url(#frame)" });
  overlay.append(figurePicture(record, place), ...figurePatches(record, quantity, { layer, view, place }).flatMap((patch) => figurePatch(patch, dark, look)));
  if (words) overlay.append(...figureWords(record, { layer, view, place, size: FIGURE_WORD, pins }, figureMeasure()).map((word) => figureWord(word, dark)));
  overlay.append(...pins.map((pin) => figurePin(pin, dark)));
  let y = drawnHeight + 22;
  const legend = quantity.ticks.length ? figureLegend(record, quantity, ink, y, width) : null;
  if (legend) y += 62;
  const caption = figureText(figureCaption(record, { layer, view, title: quantity.title, verdict: checkVerdict(record), pins }), y, width, ink);
  const height = y + 18 * caption.length + 6;
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const defs = figureDefs(dark);
  const clip = svgElement("clipPath", { id: "frame" });
  clip.append(svgElement("rect", { width: drawnWidth, height: drawnHeight }));
  defs.append(clip);
  svg.append(svgElement("title", {}, xmlText(`${record.meta.image.name}: ${quantity.title}, ${record.layerName(layer)}`)), defs,
    svgElement("rect", { width, height, fill: paper }), overlay, ...(legend ? [legend] : []), ...caption);
  return { svg, width, height };
}

/** @param {LensPage} record @param {FigurePlace} place */
function figurePicture(record, { box, scale }) {
  const { width, height } = record.meta.image;
  return svgElement("image", { href: thePicture()?.src ?? "", x: -box[0] * scale, y: -box[1] * scale, width: width * scale, height: height * scale, preserveAspectRatio: "none" });
}

function figureMeasure() {
  const pen = penOf(document.createElement("canvas"));
  pen.font = `600 ${FIGURE_WORD}px ${FIGURE_FONT}`;
  return (/** @type {string} */ text) => pen.measureText(text).width;
}

/** @param {boolean} dark */
function figureDefs(dark) {
  const hatch = svgElement("pattern", { id: "below", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(svgElement("rect", { width: 6, height: 6, fill: dark ? "#262b34" : "#eceef1" }), svgElement("rect", { width: 1.4, height: 6, fill: dark ? "#5a6575" : "#aab2bd" }));
  const ramp = svgElement("linearGradient", { id: "scale" });
  for (let n = 0; n <= 16; n += 1) ramp.append(svgElement("stop", { offset: n / 16, "stop-color": shadeFill(n / 16, dark) }));
  const defs = svgElement("defs");
  defs.append(hatch, ramp);
  return defs;
}

/** As strong as on the page. @param {FigurePatch} patch @param {boolean} dark @param {{opacity: number, found: boolean}} look */
function figurePatch({ x, y, width, height, shade }, dark, { opacity, found }) {
  if (shade === -2) return [];
  const alpha = shade === -1 ? belowAlpha(opacity, found) : patchAlpha(shade, opacity, found);
  return [svgElement("rect", { x: x.toFixed(2), y: y.toFixed(2), width: width.toFixed(2), height: height.toFixed(2), fill: shade === -1 ? "url(#below)" : shadeFill(shade, dark), "fill-opacity": alpha.toFixed(3) })];
}

/** @param {FigureWord} word @param {boolean} dark */
function figureWord({ text, x, y, wide }, dark) {
  const { paper, ink } = figureInks(dark);
  const word = svgElement("g", { class: "word" });
  word.append(
    svgElement("rect", { x: (x - wide / 2 - 4).toFixed(1), y: (y - FIGURE_WORD * 0.66).toFixed(1), width: (wide + 8).toFixed(1), height: (FIGURE_WORD * 1.3).toFixed(1), rx: 4, fill: paper, opacity: 0.86 }),
    svgElement("text", { x: x.toFixed(1), y: (y + FIGURE_WORD * 0.35).toFixed(1), "text-anchor": "middle", "font-size": FIGURE_WORD, "font-weight": 600, fill: ink }, xmlText(text)),
  );
  return word;
}

/** An outline with the number that the caption explains. @param {FigurePin} pin @param {boolean} dark */
function figurePin({ number, x, y, width, height }, dark) {
  const { pin, halo } = figureInks(dark);
  const box = { x: x.toFixed(1), y: y.toFixed(1), width: width.toFixed(1), height: height.toFixed(1), fill: "none" };
  const wide = 8 + 8 * String(number).length;
  const [left, top] = [Math.max(0, x - wide / 2), Math.max(0, y - 9)];
  const mark = svgElement("g", { class: "pin" });
  mark.append(svgElement("rect", { ...box, stroke: halo, "stroke-width": 6 }), svgElement("rect", { ...box, stroke: pin, "stroke-width": 3 }),
    svgElement("rect", { x: left.toFixed(1), y: top.toFixed(1), width: wide, height: 18, rx: 4, fill: pin, stroke: halo, "stroke-width": 1.5 }),
    svgElement("text", { x: (left + wide / 2).toFixed(1), y: (top + 13.5).toFixed(1), "text-anchor": "middle", "font-size": 13, "font-weight": 700, fill: halo }, String(number)));
  return mark;
}

/** @param {LensPage} record @param {Quantity} quantity @param {string} ink @param {number} y @param {number} width */
function figureLegend(record, quantity, ink, y, width) {
  const group = svgElement("g", { fill: ink });
  const length = Math.min(420, width - 32);
  group.append(svgElement("text", { x: 16, y }, xmlText(figureLines(quantity.title, Math.floor((width - 32) / 7), 1)[0] ?? "")),
    svgElement("rect", { x: 16, y: y + 8, width: length, height: 11, fill: "url(#scale)", stroke: ink, "stroke-opacity": 0.3 }),
    ...quantity.ticks.map((tick) => svgElement("text", { x: 16 + tick.at * length, y: y + 33, "font-size": 11, "text-anchor": tick.at < 0.02 ? "start" : tick.at > 0.98 ? "end" : "middle" }, xmlText(tick.text))));
  if (record.placed.some((t) => record.layers.some((_, l) => quantity.below(l, t)))) {
    const [left, top] = [length + 40, y + 8];
    if (width > length + 250) {
      group.append(svgElement("rect", { x: left, y: top, width: 22, height: 11, fill: "url(#below)", stroke: ink, "stroke-opacity": 0.3 }),
        svgElement("text", { x: left + 30, y: top + 10, "font-size": 11 }, `outside the top ${record.K}: unknown, not zero`));
    }
  }
  return group;
}

/** The SVG drawn on a canvas, at twice its size. @param {string} text @param {number} width @param {number} height @returns {Promise<Blob>} */
export async function figurePng(text, width, height) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const scale = Math.min(2, 8192 / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  penOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser gave no picture"))), "image/png");
  });
}
