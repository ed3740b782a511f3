/**
 * Painting the pinned patches: an outline, and the number that the charts call it by. Draws with a
 * pen in device pixels, as image/draw.js.
 */
import { paintOutline } from "./draw.js";
/** @import { Box } from "../core/record.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { Pen } from "./draw.js" */

/** @typedef {{number: number, box: Box}} PaintedPin box: on the stage */
/** @typedef {{colours: ThemeColours, halo: string, density: number}} PinLook */

/** @param {Pen} pen @param {PaintedPin[]} pins @param {PinLook} look */
export function paintPinFrames(pen, pins, { colours, halo, density }) {
  for (const { box } of pins) paintOutline(pen, box, { halo, ink: colours.pin, width: 1.5 * density, dash: [3 * density, 2 * density] });
}

/**
 * The middle of a pin's number: at a corner of the patch, outside, where it hides least; at one that
 * has no name, if there is one.
 * @param {Box} box
 * @param {Box[]} names
 * @param {number} radius
 * @param {number} away from the corner
 * @returns {[number, number]}
 */
export function numberSpot([left, top, right, bottom], names, radius, away) {
  const corners = [[left - away, top - away], [right + away, top - away], [left - away, bottom + away], [right + away, bottom + away]]
    .map(([x, y]) => /** @type {[number, number]} */ ([Math.max(radius, x), Math.max(radius, y)]));
  return corners.find(([x, y]) => names.every((name) => x + radius < name[0] || name[2] < x - radius || y + radius < name[1] || name[3] < y - radius)) ?? corners[0];
}

/** @param {Pen} pen @param {PaintedPin[]} pins @param {Box[]} names where regions are named @param {PinLook} look */
export function paintPinNumbers(pen, pins, names, { colours, halo, density }) {
  pen.font = `700 ${10 * density}px ${colours.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const radius = 7 * density;
  for (const { number, box } of pins) {
    const [x, y] = numberSpot(box, names, radius, 2 * density);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = colours.pin;
    pen.strokeStyle = halo;
    pen.lineWidth = 1.5 * density;
    pen.stroke();
    pen.fill();
    pen.fillStyle = colours.surface;
    pen.fillText(String(number), x, y + 0.5 * density);
  }
}
