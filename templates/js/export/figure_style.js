/**
 * What all exported figures share: font, colours outside the scale, lines of text.
 */
import { svgElement } from "../core/svg.js";
import { figureLines, xmlText } from "./figure_model.js";
/** @import { Rgb } from "../core/colour.js" */

/** Named, as editors and printers know no "system-ui"; the last ones for what the first lack. */
export const FIGURE_FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', 'Noto Sans', 'Noto Sans CJK SC', 'Noto Sans Arabic', sans-serif";
/** @typedef {Record<"paper"|"ink"|"soft"|"line"|"strong"|"unknown"|"pin"|"halo", string>} FigureInks */

/** Colours outside the scale. @param {boolean} dark @returns {FigureInks} */
export const figureInks = (dark) => (dark
  ? { paper: "#191d24", ink: "#e8ebf0", soft: "#a3adbb", line: "#2d333f", strong: "#4a5362", unknown: "#262b34", pin: "#ffa657", halo: "#000" }
  : { paper: "#ffffff", ink: "#14181f", soft: "#515b69", line: "#dfe3e8", strong: "#b6bec9", unknown: "#eceef1", pin: "#b3430a", halo: "#fff" });

/**
 * Sentences as lines that fit the width.
 * @param {string[]} sentences
 * @param {number} y
 * @param {number} width
 * @param {string} ink
 * @param {{size: number, line: number, edge: number}} [type] letters, lines and margins
 */
export function figureText(sentences, y, width, ink, { size, line, edge } = { size: 13, line: 18, edge: 16 }) {
  return sentences.flatMap((sentence) => figureLines(sentence, Math.floor((width - 2 * edge) / (0.51 * size))))
    .map((text, n) => svgElement("text", { x: edge, y: y + line * n, fill: ink, "font-size": size }, xmlText(text)));
}

/** "#14181f" → [20, 24, 31] @param {string} hex @returns {Rgb} */
export function hexRgb(hex) {
  const [red, green, blue] = [1, 3, 5].map((n) => Number.parseInt(hex.slice(n, n + 2), 16));
  return [red, green, blue];
}
