/**
 * Painting on the picture: unseen parts, coloured patches, words, outlines. Draws with a pen
 * (a 2D context) in device pixels; knows neither state nor events. `map` is in device pixels too.
 */
import { shadeRgb } from "../core/colour.js";
import { boxOnStage } from "./map.js";
import { apart, fitWord, pictureWord, wordGroups } from "./words.js";

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

/** The same where a value is only known to be below p_k. */
export const belowAlpha = (opacity, found) => patchAlpha(found ? 0 : 0.2, opacity, found);

const snap = (box) => {
  const [left, top, right, bottom] = box.map(Math.round);
  return [left, top, Math.max(1, right - left), Math.max(1, bottom - top)];
};
const outside = ([left, top, right, bottom], pen) => right < 0 || bottom < 0 || left > pen.canvas.width || top > pen.canvas.height;
const boxNumber = (set, n) => set.boxes.subarray(4 * n, 4 * n + 4);

/** Cover everything of the picture but one part. */
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

let patchImage = null;

/**
 * Colours of the patches, on an empty canvas: whole pixels, so that no seam shows between patches,
 * and one picture instead of thousands of rectangles. Values only known to be below p_k get
 * diagonal lines.
 * @param {{quantity: Quantity, layer: number, dark: boolean, opacity: number, density: number,
 *   unknown: number[], hatch: number[]}} look the last two as red, green, blue
 */
export function paintPatches(pen, set, map, look) {
  const { width, height } = pen.canvas;
  if (!width || !height) return;
  if (patchImage?.width !== width || patchImage?.height !== height) patchImage = pen.createImageData(width, height);
  const pixels = new Uint32Array(patchImage.data.buffer);
  pixels.fill(0);
  const ink = (rgb, alpha) => ((Math.round(255 * alpha) << 24) | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0;
  const found = look.quantity.tokens.length > 0;
  const below = belowAlpha(look.opacity, found);
  const hatch = { ground: ink(look.unknown, below), line: ink(look.hatch, found ? below : Math.min(1, below * 1.3)), step: Math.round((found ? 8 : 5) * look.density), wide: Math.round(look.density) };
  const { boxes } = set;
  for (let n = 0, at = 0; n < set.positions.length; n += 1, at += 4) {
    const left = Math.max(0, Math.round(boxes[at] * map.scale + map.x));
    const top = Math.max(0, Math.round(boxes[at + 1] * map.scale + map.y));
    const right = Math.min(width, Math.max(left + 1, Math.round(boxes[at + 2] * map.scale + map.x)));
    const bottom = Math.min(height, Math.max(top + 1, Math.round(boxes[at + 3] * map.scale + map.y)));
    if (left >= right || top >= bottom || boxes[at + 2] * map.scale + map.x < 0 || boxes[at + 3] * map.scale + map.y < 0) continue;
    const shade = look.quantity.shade(look.layer, set.positions[n]);
    if (shade === -2) continue;
    const colour = shade < 0 ? 0 : ink(shadeRgb(shade, look.dark), patchAlpha(shade, look.opacity, found));
    for (let y = top; y < bottom; y += 1) {
      if (shade >= 0) pixels.fill(colour, y * width + left, y * width + right);
      else for (let x = left; x < right; x += 1) pixels[y * width + x] = (x + y) % hatch.step < hatch.wide ? hatch.line : hatch.ground;
    }
  }
  pen.putImageData(patchImage, 0, 0);
}

const wordWidths = new Map();

function wordMeasure(pen) {
  return (text) => {
    const key = `${pen.font} ${text}`;
    if (!wordWidths.has(key)) {
      if (wordWidths.size > 20000) wordWidths.clear();
      wordWidths.set(key, pen.measureText(text).width);
    }
    return wordWidths.get(key);
  };
}

/**
 * Top-1 words: on every patch that has room, else on groups of patches that read the same.
 * @param {{layer: number, density: number, colours: object, family: string, only: number[], zoomed: boolean}} look
 *   only: while tokens are chosen, groups are named that read as one of them
 */
export function paintWords(pen, record, set, map, look) {
  if (set.positions.length === 0) return;
  const { density } = look;
  const [width, height] = [set.patch.width * map.scale / density, set.patch.height * map.scale / density];
  // the whole picture stays in sight, one who zooms in wants the words
  const least = look.zoomed ? 30 : 44;
  const each = width >= least && height >= least / 2;
  const points = each ? Math.max(9, Math.min(15, Math.min(width / 4.2, height / 1.7))) : 11;
  pen.font = `${each ? "" : "600 "}${points * density}px ${look.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.direction = "ltr";
  const measure = wordMeasure(pen);
  const labels = each ? patchLabels(pen, record, set, map, look, measure) : groupLabels(pen, record, set, map, look, measure);
  const tall = (points + 4) * density;
  for (const { text, x, y, wide } of labels) {
    pen.fillStyle = look.colours.surface;
    pen.globalAlpha = 0.84;
    pen.beginPath();
    pen.roundRect(x - wide / 2 - 2.5 * density, y - tall / 2, wide + 5 * density, tall, 3 * density);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillStyle = look.colours.ink;
    pen.fillText(text, x, y + 0.5 * density);
  }
}

function patchLabels(pen, record, set, map, look, measure) {
  const labels = [];
  for (let n = 0; n < set.positions.length; n += 1) {
    const box = boxOnStage(map, boxNumber(set, n));
    if (outside(box, pen)) continue;
    const word = pictureWord(record.text(record.topIndex(look.layer, set.positions[n], 0)));
    const text = fitWord(word, box[2] - box[0] - 7 * look.density, measure);
    if (text.trim()) labels.push({ text, wide: measure(text), x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 });
  }
  return labels;
}

function groupLabels(pen, record, set, map, look, measure) {
  const room = groupEdges(pen, set, map);
  const labels = [];
  const most = groupRoom(room, look.density);
  for (const group of wordGroups(record, set, look.layer, 0.35)) {
    if (look.only.length && !look.only.includes(group.token)) continue;
    const box = boxOnStage(map, boxNumber(set, group.anchor));
    if (outside(box, pen)) continue;
    const text = fitWord(pictureWord(record.text(group.token)), 110 * look.density, measure);
    if (!text.trim()) continue;
    const wide = measure(text);
    const edge = wide / 2 + 4 * look.density;
    const x = Math.max(room.left + edge, Math.min(room.right - edge, (box[0] + box[2]) / 2));
    // where one token is looked for, the patch is the message: its name stands above it
    const middle = look.only.length ? box[1] - 10 * look.density : (box[1] + box[3]) / 2;
    const y = Math.max(room.top + 10 * look.density, Math.min(room.bottom - 10 * look.density, middle));
    labels.push({ text, wide, x, y, left: x - edge, top: y - 8 * look.density, width: 2 * edge, height: 16 * look.density });
    if (labels.length > 5 * most) break;
  }
  return apart(labels, most);
}

/** What can be seen of the patches: their words stay over them. */
function groupEdges(pen, set, map) {
  const [left, top, right, bottom] = boxOnStage(map, set.extent);
  return { left: Math.max(0, left), top: Math.max(0, top), right: Math.min(pen.canvas.width, right), bottom: Math.min(pen.canvas.height, bottom) };
}

/** As many labels as leave the picture in sight. */
function groupRoom({ left, top, right, bottom }, density) {
  return Math.min(60, Math.ceil((Math.max(0, right - left) * Math.max(0, bottom - top)) / (4200 * density ** 2)));
}

/** An outline that shows on any picture: a dark and a light line. */
export function paintOutline(pen, box, { ink, halo, width, dash = [] }) {
  const [left, top, wide, tall] = snap(box.map((side, n) => side + (n < 2 ? -width / 2 : width / 2)));
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

const regionContours = new WeakMap();

/** Sides of marked patches that have no marked neighbour: 4 numbers per line, on the original. */
function regionContour(set, positions) {
  const known = regionContours.get(positions);
  if (known?.set === set) return known.lines;
  const marked = new Set(positions.map((t) => set.indexOf.get(t)).filter((n) => n !== undefined));
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

/** The contour of a marked region. Not filled: a tint would change what the colours say. */
export function paintRegion(pen, set, positions, map, { ink, halo, width }) {
  const lines = regionContour(set, positions);
  if (lines.length === 0) return;
  pen.beginPath();
  for (let at = 0; at < lines.length; at += 4) {
    const [x0, y0, x1, y1] = boxOnStage(map, lines.slice(at, at + 4)).map(Math.round);
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
  }
  pen.lineCap = "square";
  for (const [style, wide] of [[halo, 2.4 * width], [ink, width]]) {
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.stroke();
  }
}
