/**
 * One map of the picture: the part that the model saw, faded, and a colour over every patch. Draws
 * on a canvas of its own; knows neither state nor where the values come from.
 */
import { shadeRgb } from "../core/colour.js";
import { penOf } from "../core/dom.js";
import { paintOutline } from "../image/draw.js";
import { boxNumber } from "../image/map.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { Box } from "../core/record.js" */
/** @import { PatchSet } from "../image/map.js" */

/** Ends of the diverging scale: lost (or against) and gained (or for). @type {Record<"light"|"dark", {low: Rgb, high: Rgb}>} */
export const SIGNED = {
  light: { low: [20, 92, 168], high: [190, 52, 14] },
  dark: { low: [104, 178, 255], high: [255, 146, 84] },
};

/**
 * @typedef {object} MapLook
 * @property {boolean} dark
 * @property {string} surface as CSS
 * @property {boolean} signed values of either sign, white at 0; else 0..limit
 * @property {number} limit the end of the scale, above 0
 * @property {string} pin as CSS
 * @property {string} halo as CSS
 * @property {boolean} [grey] the picture is without its colours: all that there are mean something
 */

/**
 * A value's colour and how much of the picture it hides: nothing at zero.
 * @param {number} value
 * @param {MapLook} look
 * @returns {{rgb: Rgb, alpha: number}}
 */
export function mapColour(value, { dark, signed, limit }) {
  const size = Math.min(1, Math.abs(value) / limit);
  if (Number.isNaN(size)) return { rgb: [128, 128, 128], alpha: 0 };
  if (!signed) return { rgb: shadeRgb(dark ? 0.25 + 0.7 * size : 0.2 + 0.65 * size, dark), alpha: 0.88 * size ** 0.6 };
  const ends = SIGNED[dark ? "dark" : "light"];
  return { rgb: value < 0 ? ends.low : ends.high, alpha: 0.88 * size ** 0.7 };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{picture: HTMLImageElement|null, size: {width: number, height: number}, set: PatchSet, values: Float32Array, numberOf: (t: number) => number, marked: number}} what
 *   `size` of the original; `numberOf` a position's place in `values`; `marked` a position to outline, or −1
 * @param {MapLook} look
 */
export function paintWordMap(canvas, { picture, size, set, values, numberOf, marked }, look) {
  const pen = penOf(canvas);
  const [left, top, right, bottom] = set.extent;
  const [across, down] = [canvas.width / (right - left || 1), canvas.height / (bottom - top || 1)];
  /** @param {Box} box @returns {Box} */
  const onCanvas = ([l, t, r, b]) => [(l - left) * across, (t - top) * down, (r - left) * across, (b - top) * down];
  pen.globalAlpha = 1;
  pen.fillStyle = look.surface;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  if (picture?.complete && picture.naturalWidth) {
    const scale = picture.naturalWidth / size.width; // the picture may be smaller than the original
    pen.globalAlpha = look.dark ? 0.34 : 0.4;
    pen.filter = look.grey ? "grayscale(1)" : "none";
    pen.drawImage(picture, left * scale, top * scale, (right - left) * scale, (bottom - top) * scale, 0, 0, canvas.width, canvas.height);
    pen.filter = "none";
  }
  set.positions.forEach((t, n) => {
    const { rgb, alpha } = mapColour(values[numberOf(t)], look);
    if (alpha < 0.004) return;
    const [l, u, r, d] = onCanvas(boxNumber(set, n)).map(Math.round);
    pen.globalAlpha = alpha;
    pen.fillStyle = `rgb(${rgb.join(" ")})`;
    pen.fillRect(l, u, r - l, d - u);
  });
  pen.globalAlpha = 1;
  const at = set.indexOf.get(marked);
  if (at !== undefined) paintOutline(pen, onCanvas(boxNumber(set, at)), { ink: look.pin, halo: look.halo, width: Math.max(1, Math.round(canvas.width / 220)) });
}

/** The colours of a scale from its low end to its high one, as a CSS gradient over `surface`. @param {MapLook} look */
export function scaleGradient(look) {
  const stops = Array.from({ length: 13 }, (_, n) => {
    const value = look.signed ? look.limit * (n / 6 - 1) : look.limit * (n / 12);
    const { rgb, alpha } = mapColour(value, look);
    return `rgb(${rgb.join(" ")} / ${alpha.toFixed(3)})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** The patch under a point of the canvas, −1 for none. @param {HTMLCanvasElement} canvas @param {PatchSet} set @param {MouseEvent} event */
export function patchUnder(canvas, set, event) {
  const edge = canvas.getBoundingClientRect();
  const [left, top, right, bottom] = set.extent;
  const x = left + ((event.clientX - edge.left) / edge.width) * (right - left);
  const y = top + ((event.clientY - edge.top) / edge.height) * (bottom - top);
  const n = Array.from(set.positions).findIndex((_, k) => {
    const [l, t, r, b] = boxNumber(set, k);
    return x >= l && x < r && y >= t && y < b;
  });
  return n < 0 ? -1 : set.positions[n];
}
