/**
 * Painting the grid of pairs: heads, cells, and what is pointed at. Knows numbers and a canvas, not
 * the state.
 */
import { quietText } from "../core/format.js";
import { rgbOf } from "../core/theme.js";
import { fitterFor } from "../grid/fitter.js";
import { hatchPattern } from "../grid/hatch.js";
import { inkOn, mixed } from "./looks.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { Cell, Shown } from "../core/state_values.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { Fitter } from "../grid/fitter.js" */
/** @import { MapLook } from "../maps/map_canvas.js" */
/** @import { PairPage, Side } from "./pair.js" */
/** @import { PairMeasure } from "./measures.js" */

export const GRID_HEAD = { width: 148, height: 22 };

/**
 * @typedef {object} GridView
 * @property {number[]} rows
 * @property {number} width of a cell
 * @property {number} height
 * @property {number} left scrolled
 * @property {number} top
 * @property {{width: number, height: number}} room
 * @property {PairMeasure} measure
 * @property {Shown} shown
 * @property {boolean} dark
 * @property {number} layer shown on the maps
 * @property {Cell|null} hover
 * @property {Cell|null} cell
 * @property {ThemeColours} colours
 */

/** @typedef {{surface: Rgb, look: MapLook, fit: Fitter, hatch: string|CanvasPattern}} GridInks */

/** @param {CanvasRenderingContext2D} pen @param {PairPage} pair @param {GridView} view */
export function paintPairGrid(pen, pair, view) {
  const { rows, width, height, left, top, room, colours } = view;
  pen.font = `12px ${colours.family}`;
  pen.textBaseline = "middle";
  pen.fillStyle = colours.surface;
  pen.fillRect(0, 0, room.width, room.height);
  const inks = inksOf(pen, view);
  const [first, last] = [Math.floor(top / height), Math.min(rows.length, Math.ceil((top + room.height) / height))];
  const [from, to] = [Math.max(0, Math.floor(left / width)), Math.min(pair.L, Math.ceil((left + room.width) / width))];
  for (let n = first; n < last; n += 1) {
    for (let l = from; l < to; l += 1) {
      paintPairCell(pen, pair, view, inks, { l, row: rows[n], x: GRID_HEAD.width + l * width - left, y: GRID_HEAD.height + n * height - top });
    }
  }
  for (const [marked, ink] of /** @type {[Cell|null, string][]} */ ([[view.cell, colours.pin], [view.hover, colours.accent]])) {
    const n = marked ? rows.indexOf(marked.position) : -1;
    if (!marked || n < 0) continue;
    pen.strokeStyle = ink;
    pen.lineWidth = 2;
    pen.strokeRect(GRID_HEAD.width + marked.layer * width - left + 1, GRID_HEAD.height + n * height - top + 1, width - 2, height - 2);
  }
  for (let n = first; n < last; n += 1) paintRowHead(pen, pair, view, rows[n], GRID_HEAD.height + n * height - top);
  paintColumnHeads(pen, pair, view, from, to);
}

/** @param {CanvasRenderingContext2D} pen @param {GridView} view @returns {GridInks} */
function inksOf(pen, { shown, dark, width, colours }) {
  return {
    surface: rgbOf(colours.surface),
    look: { dark, surface: colours.surface, signed: shown === "difference", limit: 1, pin: colours.pin, halo: colours.surface },
    fit: fitterFor(pen, width - 6), hatch: hatchPattern(pen, colours),
  };
}

/** @param {CanvasRenderingContext2D} pen @param {PairPage} pair @param {GridView} view @param {GridInks} inks @param {{l: number, row: number, x: number, y: number}} place */
function paintPairCell(pen, pair, { shown, measure, width, height, colours }, { surface, look, fit, hatch }, { l, row, x, y }) {
  const m = pair.pairs[row];
  const alone = shown === "difference" ? m < 0 : pair.position(row, shown) < 0;
  const shade = alone ? NaN : shown === "difference" ? measure.shade(l, m) : measure.sideShade(pair[shown], pair.layer(l, shown), pair.position(row, shown));
  const fill = Number.isNaN(shade) ? surface : mixed(shade, look, surface);
  pen.fillStyle = alone ? hatch : `rgb(${fill.join(" ")})`;
  pen.fillRect(x, y, width - 1, height - 1);
  pen.fillStyle = alone ? colours.inkSoft : `rgb(${inkOn(fill).join(" ")})`;
  const words = topWords(pair, shown, l, row);
  words.forEach((word, k) => pen.fillText(fit(word), x + 3, y + ((2 * k + 1) * height) / (2 * words.length)));
}

/** Top words of a cell: one, or A's and B's where they differ. @param {PairPage} pair @param {Shown} shown @param {number} l @param {number} row @returns {string[]} */
function topWords(pair, shown, l, row) {
  const word = (/** @type {Side} */ side) => {
    const top = pair.top(side, l, row);
    return top < 0 ? "" : quietText(pair[side].text(top));
  };
  if (shown !== "difference") return [word(shown)];
  const m = pair.pairs[row];
  if (m < 0) return [word(pair.sideOf(row))];
  return pair.flips(l, m) ? [word("a"), word("b")] : [word("a")];
}

/** @param {CanvasRenderingContext2D} pen @param {PairPage} pair @param {GridView} view @param {number} row @param {number} y */
function paintRowHead(pen, pair, { height, colours, hover, cell }, row, y) {
  const marked = hover?.position === row || cell?.position === row;
  pen.fillStyle = colours.paper;
  pen.fillRect(0, y, GRID_HEAD.width - 1, height - 1);
  pen.fillStyle = marked ? colours.accent : colours.ink;
  const alone = pair.pairs[row] < 0;
  const name = quietText(pair.label(row));
  const fit = fitterFor(pen, GRID_HEAD.width - (alone ? 62 : 14));
  pen.fillText(fit(pair.kind(row) === 2 ? `answer ${name}` : name), 8, y + height / 2);
  if (!alone) return;
  pen.fillStyle = colours.inkSoft;
  pen.textAlign = "right";
  pen.fillText(`only ${pair.sideOf(row).toUpperCase()}`, GRID_HEAD.width - 8, y + height / 2);
  pen.textAlign = "left";
}

/** @param {CanvasRenderingContext2D} pen @param {PairPage} pair @param {GridView} view @param {number} from @param {number} to */
function paintColumnHeads(pen, pair, { width, left, room, layer, shown, measure, colours }, from, to) {
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, room.width, GRID_HEAD.height - 1);
  pen.textAlign = "center";
  for (let l = from; l < to; l += 1) {
    const x = GRID_HEAD.width + l * width - left;
    if (l === layer) {
      pen.fillStyle = colours.accent;
      pen.fillRect(x, 0, width - 1, GRID_HEAD.height - 1);
    }
    pen.fillStyle = l === layer ? colours.accentInk : colours.inkSoft;
    pen.fillText(pair.layerText(l), x + width / 2, GRID_HEAD.height / 2);
  }
  pen.textAlign = "left";
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, GRID_HEAD.width - 1, GRID_HEAD.height - 1);
  pen.fillStyle = colours.inkSoft;
  pen.fillText(fitterFor(pen, GRID_HEAD.width - 14)(shown === "difference" ? measure.label : `${shown.toUpperCase()}: top token`), 8, GRID_HEAD.height / 2);
}
