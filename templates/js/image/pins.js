/**
 * Painting the pinned patches: an outline, and the number that the charts call it by. Draws with a
 * pen in device pixels, as image/draw.js.
 */
import { paintOutline } from "./draw.js";
/** @import { Box } from "../core/record.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { Pen } from "./draw.js" */

/**
 * @param {Pen} pen
 * @param {{number: number, box: Box}[]} pins boxes on the stage
 * @param {{colours: ThemeColours, halo: string, density: number}} look
 */
export function paintPins(pen, pins, { colours, halo, density }) {
  for (const { box } of pins) paintOutline(pen, box, { halo, ink: colours.pin, width: 1.5 * density, dash: [3 * density, 2 * density] });
  pen.font = `700 ${10 * density}px ${colours.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const radius = 7 * density;
  for (const { number, box } of pins) {
    // at the corner, outside the patch, where it hides least of it
    const [x, y] = [Math.max(radius, box[0] - 2 * density), Math.max(radius, box[1] - 2 * density)];
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
