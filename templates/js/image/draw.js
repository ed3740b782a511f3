/**
 * Painting on the picture: unseen parts, coloured patches, outlines. Draws with a pen (a 2D
 * context) in device pixels; knows neither state nor events. `map` is in device pixels too.
 */
import { rgbaWord } from "../core/colour.js";
import { hatchAlpha, patchMark } from "./looks.js";
import { boxOnStage } from "./map.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { Quantity } from "../core/quantity.js" */
/** @import { Box } from "../core/record.js" */
/** @import { PictureLook } from "./looks.js" */
/** @import { ImageMap, PatchSet, Size } from "./map.js" */

/** @typedef {CanvasRenderingContext2D} Pen */

/** Cover everything of the picture but one part, and draw its edge. @param {Pen} pen @param {Size} size @param {Box} seen @param {ImageMap} map @param {{paper: string, line: string, width: number}} look */
export function paintUnseen(pen, size, seen, map, { paper, line, width }) {
  const [left, top, right, bottom] = boxOnStage(map, [0, 0, size.width, size.height]).map(Math.round);
  const [l, t, r, b] = boxOnStage(map, seen).map(Math.round);
  if (l - left < 1 && t - top < 1 && right - r < 1 && bottom - b < 1) return;
  pen.save();
  pen.globalAlpha = 0.84;
  pen.fillStyle = paper;
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.rect(l, t, r - l, b - t);
  pen.fill("evenodd");
  pen.globalAlpha = 1;
  pen.strokeStyle = line;
  pen.lineWidth = width;
  pen.strokeRect(l - width / 2, t - width / 2, r - l + width, b - t + width);
  pen.restore();
}

/** @type {ImageData|null} */
let patchImage = null;

/**
 * What the patches show of their values, on an empty canvas: whole pixels, so that no seam shows
 * between patches, and one picture instead of thousands of rectangles. Values only known to be below
 * p_k get diagonal lines.
 * @param {Pen} pen
 * @param {PatchSet} set
 * @param {ImageMap} map
 * @param {PictureLook & {quantity: Quantity, layer: number, density: number, hatch: Rgb}} look
 */
export function paintPatches(pen, set, map, look) {
  const { width, height } = pen.canvas;
  if (!width || !height) return;
  if (patchImage?.width !== width || patchImage?.height !== height) patchImage = pen.createImageData(width, height);
  const pixels = new Uint32Array(patchImage.data.buffer);
  pixels.fill(0);
  const step = Math.round(7 * look.density);
  const thick = Math.round(look.density);
  /** @type {{x: number, y: number, across: number, rgb: Rgb, alpha: number}[]} */
  const dots = [];
  const { boxes } = set;
  for (let n = 0, at = 0; n < set.positions.length; n += 1, at += 4) {
    const left = Math.max(0, Math.round(boxes[at] * map.scale + map.x));
    const top = Math.max(0, Math.round(boxes[at + 1] * map.scale + map.y));
    const right = Math.min(width, Math.max(left + 1, Math.round(boxes[at + 2] * map.scale + map.x)));
    const bottom = Math.min(height, Math.max(top + 1, Math.round(boxes[at + 3] * map.scale + map.y)));
    if (left >= right || top >= bottom || boxes[at + 2] * map.scale + map.x < 0 || boxes[at + 3] * map.scale + map.y < 0) continue;
    const shade = look.quantity.shade(look.layer, set.positions[n]);
    if (shade === -2) continue;
    const mark = patchMark(shade, look);
    if (mark.dot) {
      const [x, y] = [(boxes[at] + boxes[at + 2]) / 2, (boxes[at + 1] + boxes[at + 3]) / 2];
      dots.push({ x: x * map.scale + map.x, y: y * map.scale + map.y, across: mark.dot * Math.min(boxes[at + 2] - boxes[at], boxes[at + 3] - boxes[at + 1]) * map.scale, rgb: mark.rgb, alpha: mark.alpha });
      continue;
    }
    const colour = rgbaWord(mark.rgb, mark.alpha);
    const line = mark.hatched ? overWord(look.hatch, hatchAlpha(look.strength), mark) : 0;
    for (let y = top; y < bottom; y += 1) {
      pixels.fill(colour, y * width + left, y * width + right);
      if (mark.hatched) for (let x = left + ((step - ((left + y) % step)) % step); x < right; x += step) pixels.fill(line, y * width + x, y * width + Math.min(right, x + thick));
    }
  }
  pen.putImageData(patchImage, 0, 0);
  paintDots(pen, dots, look.density);
}

/** A line over the colour of its patch. @param {Rgb} rgb @param {number} alpha @param {{rgb: Rgb, alpha: number}} under */
function overWord(rgb, alpha, under) {
  const whole = alpha + under.alpha * (1 - alpha);
  const mix = (/** @type {number} */ k) => Math.round((rgb[k] * alpha + under.rgb[k] * under.alpha * (1 - alpha)) / (whole || 1));
  return rgbaWord([mix(0), mix(1), mix(2)], whole);
}

/** @param {Pen} pen @param {{x: number, y: number, across: number, rgb: Rgb, alpha: number}[]} dots @param {number} density */
function paintDots(pen, dots, density) {
  pen.lineWidth = density;
  for (const { x, y, across, rgb, alpha } of dots) {
    pen.globalAlpha = alpha;
    pen.fillStyle = `rgb(${rgb.join(" ")})`;
    pen.strokeStyle = "rgb(255 255 255 / 0.85)";
    pen.beginPath();
    pen.arc(x, y, across / 2, 0, 2 * Math.PI);
    pen.stroke();
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** Paint what must not cross some boxes, as if they lay over it. @param {Pen} pen @param {Box[]} boxes none over another @param {() => void} paint */
export function paintBeneath(pen, boxes, paint) {
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, pen.canvas.width, pen.canvas.height);
  for (const [left, top, right, bottom] of boxes) pen.rect(left, top, right - left, bottom - top);
  pen.clip("evenodd");
  paint();
  pen.restore();
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

/**
 * Contours of regions. Not filled: a tint would change what the colours say.
 * @param {Pen} pen
 * @param {number[]} lines 4 numbers per line, on the original
 * @param {ImageMap} map
 * @param {OutlineStyle} style
 */
export function paintContour(pen, lines, map, { ink, halo, width }) {
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
