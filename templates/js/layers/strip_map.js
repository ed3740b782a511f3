/**
 * Small maps of all layers: how they are laid out, which patch each of their pixels shows, and the
 * mean of a layer. Pure.
 */
/** @import { Quantity } from "../core/quantity.js" */
/** @import { PatchSet } from "../image/map.js" */

/**
 * @typedef {object} StripLayout
 * @property {number} columns
 * @property {number} width of a map
 * @property {number} height of a map
 * @property {number} stepX from one to the next
 * @property {number} stepY
 * @property {number} tall all of them
 * @property {boolean} fits the room
 */

/**
 * The largest maps that fit; where not even small ones do, the sheet is taller than the room.
 * @param {number} count maps
 * @param {number} aspect width / height of one
 * @param {{width: number, height: number}} room
 * @param {{gap: number, label: number, least: number, most: number}} look label: pixels below a map
 * @returns {StripLayout}
 */
export function stripLayout(count, aspect, room, { gap, label, least, most }) {
  const shape = Math.max(0.4, Math.min(2.5, aspect));
  const mostColumns = Math.max(1, Math.floor((room.width + gap) / (least + gap)));
  /** @param {number} columns @returns {StripLayout} */
  const layoutOf = (columns) => {
    const rows = Math.ceil(count / columns);
    const byHeight = ((room.height + gap) / rows - gap - label) * shape;
    const width = Math.floor(Math.min(most, (room.width + gap) / columns - gap, Math.max(least, byHeight)));
    const height = Math.max(4, Math.round(width / shape));
    const tall = rows * (height + label + gap) - gap;
    return { columns, width, height, stepX: width + gap, stepY: height + label + gap, tall, fits: tall <= room.height };
  };
  let best = layoutOf(1);
  for (let columns = 2; columns <= Math.min(count, mostColumns); columns += 1) {
    const next = layoutOf(columns);
    const better = (next.fits && !best.fits) || (next.fits === best.fits && (next.fits ? next.width > best.width : next.tall < best.tall));
    if (better) best = next;
  }
  return best;
}

/** Which map a point of the sheet is on, −1 for none. @param {StripLayout} layout @param {number} count @param {number} x @param {number} y */
export function stripLayer(layout, count, x, y) {
  const [column, row] = [Math.floor(x / layout.stepX), Math.floor(y / layout.stepY)];
  const layer = row * layout.columns + column;
  return x < 0 || y < 0 || column >= layout.columns || layer >= count ? -1 : layer;
}

/**
 * For every pixel of a small map, the place in the set of the patch that it shows, −1 for none.
 * @param {PatchSet} set
 * @param {number} width pixels
 * @param {number} height
 * @returns {Int32Array} rows of `width`
 */
export function mapPixels(set, width, height) {
  const pixels = new Int32Array(width * height).fill(-1);
  const [left, top, right, bottom] = set.extent;
  const across = (/** @type {number} */ x) => Math.round(((x - left) / (right - left || 1)) * width);
  const down = (/** @type {number} */ y) => Math.round(((y - top) / (bottom - top || 1)) * height);
  for (let n = 0, at = 0; n < set.positions.length; n += 1, at += 4) {
    const [x0, y0, x1, y1] = [across(set.boxes[at]), down(set.boxes[at + 1]), across(set.boxes[at + 2]), down(set.boxes[at + 3])];
    for (let y = y0; y < y1; y += 1) pixels.fill(n, y * width + x0, y * width + x1);
  }
  return pixels;
}

/**
 * @typedef {{shade: number, value: number, known: number, count: number}} LayerMean shade: unknown
 *   counts as the bottom of the scale, NaN when there is nothing; value: mean of the known ones
 */

/**
 * Mean over patches at a layer.
 * @param {Quantity} quantity
 * @param {Int32Array} positions
 * @param {number} layer
 * @returns {LayerMean}
 */
export function layerMean(quantity, positions, layer) {
  let [shades, sum, known, count] = [0, 0, 0, 0];
  for (const t of positions) {
    const shade = quantity.shade(layer, t);
    if (shade === -2) continue;
    count += 1;
    if (shade < 0) continue;
    shades += shade;
    sum += quantity.value(layer, t);
    known += 1;
  }
  return { shade: count ? shades / count : NaN, value: known ? sum / known : NaN, known, count };
}
