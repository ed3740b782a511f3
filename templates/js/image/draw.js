/**
 * Painting on the picture: unseen parts, coloured patches, outlines. Draws with a pen (a 2D
 * context) in device pixels; knows neither state nor events. `map` is in device pixels too.
 */
import { rgbaWord, shadeRgb } from "../core/colour.js";
import { boxOnStage } from "./map.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { Quantity } from "../core/quantity.js" */
/** @import { Box } from "../core/record.js" */
/** @import { ImageMap, PatchSet, Size } from "./map.js" */

/**
 * How opaque a shade is: strong where the value is high, so that the picture stays readable.
 * @param {number} shade
 * @param {number} opacity 0..1, as the reader wants it
 * @param {boolean} [found] chosen tokens are shown: where they are is the question, so the picture
 *   is faded everywhere and the patches that hold them are nearly opaque
 */
export function patchAlpha(shade, opacity, found = false) {
  const high = Math.max(0, shade);
  return opacity <= 0 ? 0 : opacity ** (found ? 0.8 - 0.7 * Math.sqrt(high) : 3.6 - 2.6 * high);
}

/** The same where a value is only known to be below p_k. @param {number} opacity @param {boolean} found */
export const belowAlpha = (opacity, found) => patchAlpha(found ? 0 : 0.2, opacity, found);

/** @typedef {CanvasRenderingContext2D} Pen */

/** @param {PatchSet} set @param {number} n @returns {Box} */
export const boxNumber = ({ boxes }, n) => [boxes[4 * n], boxes[4 * n + 1], boxes[4 * n + 2], boxes[4 * n + 3]];

/** Cover everything of the picture but one part. @param {Pen} pen @param {Size} size @param {Box} seen @param {ImageMap} map @param {string} fill */
export function paintUnseen(pen, size, seen, map, fill) {
  const [left, top, right, bottom] = boxOnStage(map, [0, 0, size.width, size.height]).map(Math.round);
  const [l, t, r, b] = boxOnStage(map, seen).map(Math.round);
  if (l - left < 1 && t - top < 1 && right - r < 1 && bottom - b < 1) return;
  pen.save();
  pen.globalAlpha = 0.72;
  pen.fillStyle = fill;
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.rect(l, t, r - l, b - t);
  pen.fill("evenodd");
  pen.restore();
}

/** @type {ImageData|null} */
let patchImage = null;

/**
 * Colours of the patches, on an empty canvas: whole pixels, so that no seam shows between patches,
 * and one picture instead of thousands of rectangles. Values only known to be below p_k get
 * diagonal lines.
 * @param {Pen} pen
 * @param {PatchSet} set
 * @param {ImageMap} map
 * @param {{quantity: Quantity, layer: number, dark: boolean, opacity: number, density: number, unknown: Rgb, hatch: Rgb}} look
 */
export function paintPatches(pen, set, map, look) {
  const { width, height } = pen.canvas;
  if (!width || !height) return;
  if (patchImage?.width !== width || patchImage?.height !== height) patchImage = pen.createImageData(width, height);
  const pixels = new Uint32Array(patchImage.data.buffer);
  pixels.fill(0);
  const found = look.quantity.tokens.length > 0;
  const below = belowAlpha(look.opacity, found);
  const hatch = { ground: rgbaWord(look.unknown, below), line: rgbaWord(look.hatch, found ? below : Math.min(1, below * 1.3)), step: Math.round((found ? 8 : 5) * look.density), wide: Math.round(look.density) };
  const { boxes } = set;
  for (let n = 0, at = 0; n < set.positions.length; n += 1, at += 4) {
    const left = Math.max(0, Math.round(boxes[at] * map.scale + map.x));
    const top = Math.max(0, Math.round(boxes[at + 1] * map.scale + map.y));
    const right = Math.min(width, Math.max(left + 1, Math.round(boxes[at + 2] * map.scale + map.x)));
    const bottom = Math.min(height, Math.max(top + 1, Math.round(boxes[at + 3] * map.scale + map.y)));
    if (left >= right || top >= bottom || boxes[at + 2] * map.scale + map.x < 0 || boxes[at + 3] * map.scale + map.y < 0) continue;
    const shade = look.quantity.shade(look.layer, set.positions[n]);
    if (shade === -2) continue;
    const colour = shade < 0 ? 0 : rgbaWord(shadeRgb(shade, look.dark), patchAlpha(shade, look.opacity, found));
    for (let y = top; y < bottom; y += 1) {
      if (shade >= 0) pixels.fill(colour, y * width + left, y * width + right);
      else for (let x = left; x < right; x += 1) pixels[y * width + x] = (x + y) % hatch.step < hatch.wide ? hatch.line : hatch.ground;
    }
  }
  pen.putImageData(patchImage, 0, 0);
}

/** @typedef {{ink: string, halo: string, width: number, dash?: number[]}} OutlineStyle */

/** An outline that shows on any picture: a dark and a light line. @param {Pen} pen @param {Box} box @param {OutlineStyle} style */
export function paintOutline(pen, box, { ink, halo, width, dash = [] }) {
  const [left, top, right, bottom] = box.map((side, n) => Math.round(side + (n < 2 ? -width / 2 : width / 2)));
  const [wide, tall] = [Math.max(1, right - left), Math.max(1, bottom - top)];
  pen.setLineDash([]);
  pen.lineWidth = width + Math.max(2, width);
  pen.strokeStyle = halo;
  pen.strokeRect(left, top, wide, tall);
  pen.setLineDash(dash);
  pen.lineWidth = width;
  pen.strokeStyle = ink;
  pen.strokeRect(left, top, wide, tall);
  pen.setLineDash([]);
}

/** @type {WeakMap<number[], {set: PatchSet, lines: number[]}>} */
const regionContours = new WeakMap();

/** Sides of marked patches that have no marked neighbour: 4 numbers per line, on the original. @param {PatchSet} set @param {number[]} positions */
function regionContour(set, positions) {
  const known = regionContours.get(positions);
  if (known?.set === set) return known.lines;
  const marked = new Set(positions.map((t) => set.indexOf.get(t)).filter((n) => n !== undefined));
  /** @type {number[]} */
  const lines = [];
  for (const n of marked) {
    const [left, top, right, bottom] = boxNumber(set, n);
    const open = [0, 1, 2, 3].map((k) => !marked.has(set.beside[8 * n + k])); // up, right, down, left
    if (open[0]) lines.push(left, top, right, top);
    if (open[1]) lines.push(right, top, right, bottom);
    if (open[2]) lines.push(left, bottom, right, bottom);
    if (open[3]) lines.push(left, top, left, bottom);
  }
  regionContours.set(positions, { set, lines });
  return lines;
}

/**
 * The contour of a marked region. Not filled: a tint would change what the colours say.
 * @param {Pen} pen
 * @param {PatchSet} set
 * @param {number[]} positions
 * @param {ImageMap} map
 * @param {OutlineStyle} style
 */
export function paintRegion(pen, set, positions, map, { ink, halo, width }) {
  const lines = regionContour(set, positions);
  if (lines.length === 0) return;
  pen.beginPath();
  for (let at = 0; at < lines.length; at += 4) {
    const [x0, y0, x1, y1] = boxOnStage(map, [lines[at], lines[at + 1], lines[at + 2], lines[at + 3]]).map(Math.round);
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
  }
  pen.lineCap = "square";
  for (const line of [{ style: halo, wide: 2.4 * width }, { style: ink, wide: width }]) {
    pen.strokeStyle = line.style;
    pen.lineWidth = line.wide;
    pen.stroke();
  }
}
