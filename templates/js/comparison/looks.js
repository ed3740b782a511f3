/**
 * Colours and names that maps, grid and figure share. Pure.
 */
import { contrast } from "../core/colour.js";
import { mapColour } from "../maps/map_canvas.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { MapLook } from "../maps/map_canvas.js" */

/** @typedef {"a"|"b"|"difference"|"parting"} Panel */
/** @type {Panel[]} */
export const PANELS = ["a", "b", "difference", "parting"];
export const PANEL_NAMES = { a: "A", b: "B", difference: "difference", parting: "where they part" };

/** A shade's colour upon a surface. @param {number} shade @param {MapLook} look @param {Rgb} surface @returns {Rgb} */
export function mixed(shade, look, surface) {
  const { rgb, alpha } = mapColour(shade, look);
  const [red, green, blue] = rgb.map((channel, n) => Math.round(channel * alpha + surface[n] * (1 - alpha)));
  return [red, green, blue];
}

/** @type {Rgb} */
const BLACK = [0, 0, 0];
/** @type {Rgb} */
const WHITE = [255, 255, 255];

/** Black or white, whichever is read more easily on a colour: the contrast is at least 4.5 on any. @param {Rgb} fill */
export const inkOn = (fill) => (contrast(fill, BLACK) >= contrast(fill, WHITE) ? BLACK : WHITE);

/** The colours of a scale as stops from its low end to its high one. @param {MapLook} look @param {boolean} bothSides @param {number} count */
export function scaleStops(look, bothSides, count) {
  return Array.from({ length: count }, (_, n) => mapColour(bothSides ? (2 * n) / (count - 1) - 1 : n / (count - 1), look));
}

/** Parted early is strong; never is nothing. @param {number} parting index of a pair of layers, −1 for never @param {number} layers */
export const partingShade = (parting, layers) => (parting < 0 ? 0 : 1 - (0.85 * parting) / Math.max(1, layers - 1));
