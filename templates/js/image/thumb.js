/**
 * A patch's own pixels on a small canvas.
 */
import { penOf, thePicture } from "../core/dom.js";
/** @import { LensPage } from "../core/record.js" */

/**
 * @param {HTMLCanvasElement} canvas hidden where the position has no place on the picture
 * @param {LensPage} record
 * @param {number} t
 */
export function drawPatchThumb(canvas, record, t) {
  const picture = thePicture();
  const box = record.box(t);
  canvas.hidden = !box || !picture;
  if (!box || !picture) return;
  const draw = () => {
    const scale = picture.naturalWidth / record.meta.image.width;
    const side = Math.round(20 * Math.min(2, Math.max(1, globalThis.devicePixelRatio || 1)));
    canvas.width = side;
    canvas.height = side;
    const [left, top, right, bottom] = box.map((x) => x * scale);
    penOf(canvas).drawImage(picture, left, top, right - left, bottom - top, 0, 0, side, side);
  };
  if (picture.naturalWidth) draw();
  else picture.addEventListener("load", draw, { once: true });
}
