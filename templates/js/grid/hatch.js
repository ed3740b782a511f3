/**
 * The hatching of cells.
 */
import { penOf } from "../core/dom.js";
/** @import { ThemeColours } from "../core/theme.js" */

/** Diagonal lines, for what is only known to be below p_k. @param {CanvasRenderingContext2D} pen @param {ThemeColours} colours */
export function hatchPattern(pen, colours) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const tilePen = penOf(tile);
  tilePen.fillStyle = colours.unknown;
  tilePen.fillRect(0, 0, 6, 6);
  tilePen.strokeStyle = colours.hatch;
  tilePen.beginPath();
  for (const x of [-6, 0, 6]) {
    tilePen.moveTo(x, 6);
    tilePen.lineTo(x + 6, 0);
  }
  tilePen.stroke();
  return pen.createPattern(tile, "repeat") ?? colours.unknown;
}
