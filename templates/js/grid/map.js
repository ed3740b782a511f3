/**
 * The whole grid as a heat map on a canvas: one small block per (position, layer).
 * When there are more rows than pixels, a pixel shows the strongest of its rows.
 */
import { shadeRgb } from "../core/colour.js";
import { penOf } from "../core/dom.js";
import { isBand } from "./rows.js";
/** @import { Rgb } from "../core/colour.js" */

/**
 * Where a heat map puts its cells.
 * @param {number} rows
 * @param {number} layers
 * @param {{width: number, height: number}} room pixels for the cells alone
 */
export function mapLayout(rows, layers, room) {
  const column = Math.max(1, Math.floor(room.width / layers));
  const row = rows <= room.height ? Math.max(1, Math.min(GRID_MAP_ROW, room.height / rows)) : room.height / rows;
  return { column, row, width: column * layers, height: Math.max(1, Math.round(row * rows)) };
}
const GRID_MAP_ROW = 18;

/**
 * Shades of the map's own pixels, (line, layer): the strongest row of every line.
 * @param {Int32Array} rows
 * @param {number} lines
 * @param {number} layers
 * @param {(l: number, t: number) => number} shade
 * @returns {Float32Array} −3 where there is only a band
 */
export function mapShades(rows, lines, layers, shade) {
  const out = new Float32Array(lines * layers).fill(-3);
  for (let n = 0; n < rows.length; n += 1) {
    const first = Math.floor((n * lines) / rows.length);
    const last = Math.max(first + 1, Math.floor(((n + 1) * lines) / rows.length));
    if (isBand(rows[n])) continue;
    for (let l = 0; l < layers; l += 1) {
      const value = shade(l, rows[n]);
      for (let line = first; line < last; line += 1) {
        if (value > out[line * layers + l]) out[line * layers + l] = value;
      }
    }
  }
  return out;
}

/**
 * Runs of rows of one kind.
 * @param {Int32Array} rows
 * @param {(t: number) => number} kindOf
 * @returns {[number, number, number][]} kind, first row, one past the last
 */
export function mapRuns(rows, kindOf) {
  /** @type {[number, number, number][]} */
  const runs = [];
  rows.forEach((t, n) => {
    const last = runs.at(-1);
    if (last && last[0] === kindOf(t)) last[2] = n + 1;
    else runs.push([kindOf(t), n, n + 1]);
  });
  return runs;
}

/**
 * Paint shades as one pixel each.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} shades (line, layer)
 * @param {number} layers
 * @param {boolean} dark
 * @param {Rgb} unknown colour of "below"
 */
export function paintMap(canvas, shades, layers, dark, unknown) {
  canvas.width = layers;
  canvas.height = shades.length / layers;
  const pen = penOf(canvas);
  const image = pen.createImageData(canvas.width, canvas.height);
  for (let n = 0; n < shades.length; n += 1) {
    const shade = shades[n];
    if (shade <= -2) continue;
    const [r, g, b] = shade >= 0 ? shadeRgb(shade, dark) : unknown;
    image.data.set([r, g, b, 255], 4 * n);
  }
  pen.putImageData(image, 0, 0);
}
