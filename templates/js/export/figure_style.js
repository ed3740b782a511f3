/**
 * What all exported figures share: font, colours outside the scale, lines of text.
 */
import { svgElement } from "../core/svg.js";
import { figureLines, xmlText } from "./figure_model.js";

export const FIGURE_FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
/** @typedef {Record<"paper"|"ink"|"soft"|"line"|"strong"|"unknown"|"pin"|"halo", string>} FigureInks */

/** Colours outside the scale. @param {boolean} dark @returns {FigureInks} */
export const figureInks = (dark) => (dark
  ? { paper: "#191d24", ink: "#e8ebf0", soft: "#a3adbb", line: "#2d333f", strong: "#4a5362", unknown: "#262b34", pin: "#ffa657", halo: "#000" }
  : { paper: "#ffffff", ink: "#14181f", soft: "#515b69", line: "#dfe3e8", strong: "#b6bec9", unknown: "#eceef1", pin: "#b3430a", halo: "#fff" });

/** Sentences as lines that fit the width. @param {string[]} sentences @param {number} y @param {number} width @param {string} ink */
export function figureText(sentences, y, width, ink) {
  return sentences.flatMap((sentence) => figureLines(sentence, Math.floor((width - 32) / 6.6)))
    .map((line, n) => svgElement("text", { x: 16, y: y + 18 * n, fill: ink }, xmlText(line)));
}
