/**
 * A patch's own pixels on a small canvas.
 */

/**
 * @param {HTMLCanvasElement} canvas hidden where the position has no place on the picture
 * @param {LensPage} record
 * @param {number} t
 */
export function drawPatchThumb(canvas, record, t) {
  const picture = document.getElementById("picture");
  const box = record.box(t);
  canvas.hidden = !box || !picture;
  if (canvas.hidden) return;
  const draw = () => {
    const scale = picture.naturalWidth / record.meta.image.width;
    const side = Math.round(20 * Math.min(2, Math.max(1, globalThis.devicePixelRatio || 1)));
    canvas.width = side;
    canvas.height = side;
    const [left, top, right, bottom] = box.map((x) => x * scale);
    canvas.getContext("2d").drawImage(picture, left, top, right - left, bottom - top, 0, 0, side, side);
  };
  if (picture.naturalWidth) draw();
  else picture.addEventListener("load", draw, { once: true });
}
