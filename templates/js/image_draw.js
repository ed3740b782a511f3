/**
 * Painting on the picture: unseen parts, coloured patches, words, outlines. Draws with a pen
 * (a 2D context) in device pixels; knows neither state nor events. `map` is in device pixels too.
 */
/* global boxOnStage, shadeFill, wordGroups, pictureWord, fitWord, apart */

/** How opaque a shade is: strong where the value is high, so that the picture stays readable. */
export const patchAlpha = (shade, opacity) => (opacity <= 0 ? 0 : opacity ** (3.6 - 2.6 * Math.max(0, shade)));

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

/** Diagonal lines for values that are only known to be below p_k. */
export function makeHatch(pen, density, colours) {
  const tile = document.createElement("canvas");
  const side = Math.max(4, Math.round(5 * density));
  tile.width = tile.height = side;
  const ink = tile.getContext("2d");
  ink.fillStyle = colours.unknown;
  ink.fillRect(0, 0, side, side);
  ink.strokeStyle = colours.lineStrong;
  ink.lineWidth = Math.max(1, density);
  ink.beginPath();
  for (const shift of [-side, 0, side]) {
    ink.moveTo(shift - 1, side + 1);
    ink.lineTo(shift + side + 1, -1);
  }
  ink.stroke();
  return pen.createPattern(tile, "repeat");
}

/** @param {{quantity: Quantity, layer: number, dark: boolean, opacity: number, hatch: CanvasPattern}} look */
export function paintPatches(pen, set, map, look) {
  const below = patchAlpha(0.2, look.opacity);
  for (let n = 0; n < set.positions.length; n += 1) {
    const box = boxOnStage(map, boxNumber(set, n));
    if (outside(box, pen)) continue;
    const shade = look.quantity.shade(look.layer, set.positions[n]);
    if (shade === -2) continue;
    pen.globalAlpha = shade < 0 ? below : patchAlpha(shade, look.opacity);
    pen.fillStyle = shade < 0 ? look.hatch : shadeFill(shade, look.dark);
    pen.fillRect(...snap(box));
  }
  pen.globalAlpha = 1;
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
 * @param {{layer: number, density: number, colours: object, family: string, groups: boolean}} look
 */
export function paintWords(pen, record, set, map, look) {
  if (set.positions.length === 0) return;
  const { density } = look;
  const [width, height] = [set.patch.width * map.scale / density, set.patch.height * map.scale / density];
  const each = width >= 30 && height >= 15;
  const points = each ? Math.max(9, Math.min(15, Math.min(width / 4.2, height / 1.7))) : 11;
  pen.font = `${each ? "" : "600 "}${points * density}px ${look.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.direction = "ltr";
  const measure = wordMeasure(pen);
  if (!each && !look.groups) return;
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
  const room = [pen.canvas.width, pen.canvas.height];
  const labels = [];
  for (const group of wordGroups(record, set, look.layer)) {
    if (group.size < 2 && group.score < 0.35) continue;
    const box = boxOnStage(map, boxNumber(set, group.anchor));
    if (outside(box, pen)) continue;
    const text = fitWord(pictureWord(record.text(group.token)), 110 * look.density, measure);
    if (!text.trim()) continue;
    const wide = measure(text);
    const edge = wide / 2 + 4 * look.density;
    const x = Math.max(edge, Math.min(room[0] - edge, (box[0] + box[2]) / 2));
    const y = (box[1] + box[3]) / 2;
    labels.push({ text, wide, x, y, left: x - edge, top: y - 8 * look.density, width: 2 * edge, height: 16 * look.density });
    if (labels.length > 300) break;
  }
  // as many as leave the picture in sight
  const [left, top, right, bottom] = boxOnStage(map, set.extent);
  const area = Math.max(0, Math.min(room[0], right) - Math.max(0, left)) * Math.max(0, Math.min(room[1], bottom) - Math.max(0, top));
  return apart(labels, Math.min(60, Math.ceil(area / (4200 * look.density ** 2))));
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

/** The contour of a set of patches: the sides that have no marked neighbour. */
export function paintRegion(pen, set, positions, map, { ink, halo, fill, width }) {
  const marked = new Set(positions.map((t) => set.indexOf.get(t)).filter((n) => n !== undefined));
  pen.beginPath();
  for (const n of marked) {
    const [left, top, wide, tall] = snap(boxOnStage(map, boxNumber(set, n)));
    const [right, bottom] = [left + wide, top + tall];
    const side = (down, across, ...line) => {
      if (marked.has(set.beside(n, down, across))) return;
      pen.moveTo(line[0], line[1]);
      pen.lineTo(line[2], line[3]);
    };
    side(-1, 0, left, top, right, top);
    side(1, 0, left, bottom, right, bottom);
    side(0, -1, left, top, left, bottom);
    side(0, 1, right, top, right, bottom);
  }
  pen.lineCap = "square";
  for (const [style, wide] of [[halo, 2.4 * width], [ink, width]]) {
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.stroke();
  }
  if (!fill) return;
  pen.globalAlpha = 0.16;
  pen.fillStyle = fill;
  for (const n of marked) pen.fillRect(...snap(boxOnStage(map, boxNumber(set, n))));
  pen.globalAlpha = 1;
}
