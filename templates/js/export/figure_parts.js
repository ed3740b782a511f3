/**
 * The parts of the figure of the picture, as SVG elements that need no style sheet: picture, patches,
 * contours, words, pins, legend. Knows where things are only from what it is given.
 */
import { shadeFill } from "../core/colour.js";
import { thePicture } from "../core/dom.js";
import { belowText } from "../core/format.js";
import { svgElement } from "../core/svg.js";
import { CONTOUR, LOOKS, hatchAlpha, patchMark } from "../image/looks.js";
import { NAME_SIZE } from "../image/regions.js";
import { figureLines, xmlText } from "./figure_model.js";
import { figureInks } from "./figure_style.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { Quantity } from "../core/quantity.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { Look } from "../core/state_values.js" */
/** @import { PictureLook } from "../image/looks.js" */
/** @import { FigureBox, FigurePatch, FigurePin, FigurePlace, FigureWord } from "./figure_model.js" */

const HATCH = 6; // pixels from line to line

/** Of a picture of middling lightness, as the scale shows it fading. @type {Rgb} */
const PICTURE = [84, 92, 104];

/** The hatching, the scale as the picture shows it, the frame that cuts off what lies outside. @param {PictureLook} look @param {number} width @param {number} height */
export function figureDefs(look, width, height) {
  const { dark } = look;
  const hatch = svgElement("pattern", { id: "below", width: HATCH, height: HATCH, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(svgElement("rect", { width: 0.75, height: HATCH, fill: figureInks(dark).soft }));
  const scale = svgElement("linearGradient", { id: "scale" });
  for (let n = 0; n <= 16; n += 1) scale.append(svgElement("stop", { offset: n / 16, "stop-color": look.look === "fade" ? fadedFill(n / 16, look) : shadeFill(n / 16, dark) }));
  const frame = svgElement("clipPath", { id: "frame" });
  frame.append(svgElement("rect", { width, height }));
  const defs = svgElement("defs");
  defs.append(hatch, scale, frame);
  return defs;
}

/** @param {number} shade @param {PictureLook} look */
function fadedFill(shade, look) {
  const { rgb, alpha } = patchMark(shade, look);
  return `rgb(${PICTURE.map((side, k) => Math.round(rgb[k] * alpha + side * (1 - alpha))).join(",")})`;
}

/** @param {LensPage} record @param {FigurePlace} place */
export function figurePicture(record, { box, scale }) {
  const { width, height } = record.meta.image;
  return svgElement("image", { href: thePicture()?.src ?? "", x: -box[0] * scale, y: -box[1] * scale, width: width * scale, height: height * scale, preserveAspectRatio: "none" });
}

/** @param {number} value */
const round = (value) => value.toFixed(2);
/** @param {FigureBox} box */
const sides = ({ x, y, width, height }) => ({ x: round(x), y: round(y), width: round(width), height: round(height) });

/** As on the page. @param {FigurePatch} patch @param {PictureLook} look @returns {SVGElement[]} */
export function figurePatch(patch, look) {
  if (patch.shade === -2) return [];
  const mark = patchMark(patch.shade, look);
  const fill = { fill: `rgb(${mark.rgb.join(",")})`, "fill-opacity": mark.alpha.toFixed(3), class: "patch" };
  if (mark.dot) {
    const radius = mark.dot * Math.min(patch.width, patch.height) / 2;
    return [svgElement("circle", { cx: round(patch.x + patch.width / 2), cy: round(patch.y + patch.height / 2), r: round(radius), ...fill, stroke: "#fff", "stroke-opacity": 0.85 * mark.alpha, "stroke-width": 0.5 })];
  }
  const ground = svgElement("rect", { ...sides(patch), ...fill, "shape-rendering": "crispEdges" }); // no seams
  return mark.hatched ? [ground, svgElement("rect", { ...sides(patch), fill: "url(#below)", opacity: hatchAlpha(look.strength).toFixed(3) })] : [ground];
}

/** A white sky must not run into the paper. @param {number} width @param {number} height @param {boolean} dark */
export const figureEdge = (width, height, dark) => svgElement("rect", { x: 0.25, y: 0.25, width: width - 0.5, height: height - 0.5, fill: "none", stroke: figureInks(dark).strong, "stroke-width": 0.5 });

/** @param {number[][]} contours 4 numbers per line */
export function figureContours(contours) {
  return contours.map((lines) => {
    const path = [];
    for (let at = 0; at < lines.length; at += 4) path.push(`M${round(lines[at])} ${round(lines[at + 1])}L${round(lines[at + 2])} ${round(lines[at + 3])}`);
    const group = svgElement("g", { class: "contour", fill: "none", "stroke-linecap": "square" });
    for (const [{ rgb, alpha }, wide] of /** @type {const} */ ([[CONTOUR.halo, 2.4], [CONTOUR.ink, 0.9]])) {
      group.append(svgElement("path", { d: path.join(""), stroke: `rgb(${rgb.replaceAll(" ", ",")})`, "stroke-opacity": alpha, "stroke-width": wide }));
    }
    return group;
  });
}

/** @param {FigureWord} word @param {boolean} dark */
export function figureWord({ text, x, y, wide }, dark) {
  const { paper, ink } = figureInks(dark);
  const [across, down] = [wide + 6, NAME_SIZE + 4];
  const word = svgElement("g", { class: "word" });
  word.append(
    svgElement("rect", { ...sides({ x: x - across / 2, y: y - down / 2, width: across, height: down }), rx: 3, fill: paper, opacity: 0.88 }),
    svgElement("text", { x: round(x), y: round(y + NAME_SIZE * 0.36), "text-anchor": "middle", "font-size": NAME_SIZE, "font-weight": 600, fill: ink }, xmlText(text)),
  );
  return word;
}

/** An outline with the number that the caption explains. @param {FigurePin} pin @param {FigureBox} badge @param {boolean} dark */
export function figurePin(pin, badge, dark) {
  const { pin: ink, halo } = figureInks(dark);
  const mark = svgElement("g", { class: "pin" });
  mark.append(svgElement("rect", { ...sides(pin), fill: "none", stroke: halo, "stroke-width": 3.5 }), svgElement("rect", { ...sides(pin), fill: "none", stroke: ink, "stroke-width": 1.75 }),
    svgElement("rect", { ...sides(badge), rx: 3, fill: ink, stroke: halo }),
    svgElement("text", { x: round(badge.x + badge.width / 2), y: round(badge.y + badge.height / 2 + 3.4), "text-anchor": "middle", "font-size": 9.5, "font-weight": 700, fill: halo }, String(pin.number)));
  return mark;
}

/** @param {LensPage} record @param {Quantity} quantity @param {{look: Look, ink: string, y: number, width: number}} place */
export function figureLegend(record, quantity, { look, ink, y, width }) {
  const group = svgElement("g", { fill: ink, "font-size": 10.5 });
  const length = Math.min(300, width - 4);
  const letters = Math.floor((width - 4) / 5.4);
  const text = (/** @type {string} */ line, /** @type {number} */ down, more = {}) => svgElement("text", { x: 2, y: y + down, ...more }, xmlText(line));
  group.append(text(figureLines(quantity.title, letters, 1)[0] ?? "", 0, { "font-weight": 600 }),
    svgElement("rect", { x: 2, y: y + 6, width: length, height: 8, fill: "url(#scale)", stroke: ink, "stroke-opacity": 0.3, "stroke-width": 0.75 }),
    ...quantity.ticks.map((tick) => svgElement("text", { x: 2 + tick.at * length, y: y + 25, "font-size": 9.5, "text-anchor": tick.at < 0.02 ? "start" : tick.at > 0.98 ? "end" : "middle" }, xmlText(tick.text))));
  let tall = 40;
  const says = LOOKS.find((one) => one.look === look)?.says;
  if (says) {
    group.append(text(`On the picture: ${says}.`, tall, { "font-size": 9.5 }));
    tall += 14;
  }
  if (record.placed.some((t) => record.layers.some((_, l) => quantity.below(l, t)))) {
    group.append(svgElement("rect", { x: 2, y: y + tall - 8, width: 18, height: 9, fill: "url(#below)", stroke: ink, "stroke-opacity": 0.3, "stroke-width": 0.75 }),
      text(belowText(record.K), tall, { x: 26, "font-size": 9.5 }));
    tall += 14;
  }
  return { group, tall: tall + 6 };
}
