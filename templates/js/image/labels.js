/**
 * Painting words on the picture: on each patch, or on groups of patches that read the same. Draws
 * with a pen in device pixels, as image/draw.js; which words to write is in image/words.js.
 */
import { boxNumber } from "./draw.js";
import { boxOnStage } from "./map.js";
import { apart, fitWord, pictureWord, wordGroups } from "./words.js";
/** @import { Box, LensPage } from "../core/record.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { Edges } from "../page/tooltip.js" */
/** @import { Pen } from "./draw.js" */
/** @import { ImageMap, PatchSet } from "./map.js" */

/** @param {Box} box @param {Pen} pen */
const outside = ([left, top, right, bottom], pen) => right < 0 || bottom < 0 || left > pen.canvas.width || top > pen.canvas.height;

/** @type {Map<string, number>} */
const wordWidths = new Map();

/** @param {Pen} pen @returns {Measure} */
function wordMeasure(pen) {
  return (text) => {
    const key = `${pen.font} ${text}`;
    let width = wordWidths.get(key);
    if (width === undefined) {
      if (wordWidths.size > 20000) wordWidths.clear();
      width = pen.measureText(text).width;
      wordWidths.set(key, width);
    }
    return width;
  };
}

/**
 * @typedef {object} WordLook
 * @property {number} layer
 * @property {number} density device pixels per CSS pixel
 * @property {ThemeColours} colours
 * @property {number[]} only while tokens are chosen, groups are named that read as one of them
 * @property {boolean} zoomed
 */

/** @typedef {(text: string) => number} Measure the width of a text */

/**
 * Top-1 words: on every patch that has room, else on groups of patches that read the same.
 * @param {Pen} pen
 * @param {LensPage} record
 * @param {PatchSet} set
 * @param {ImageMap} map
 * @param {WordLook} look
 */
export function paintWords(pen, record, set, map, look) {
  if (set.positions.length === 0) return;
  const { density } = look;
  const [width, height] = [set.patch.width * map.scale / density, set.patch.height * map.scale / density];
  // the whole picture stays in sight, one who zooms in wants the words
  const least = look.zoomed ? 30 : 44;
  const each = width >= least && height >= least / 2;
  const points = each ? Math.max(9, Math.min(15, Math.min(width / 4.2, height / 1.7))) : 11;
  pen.font = `${each ? "" : "600 "}${points * density}px ${look.colours.family}`;
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

/** @param {Pen} pen @param {LensPage} record @param {PatchSet} set @param {ImageMap} map @param {WordLook} look @param {Measure} measure */
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

/** @param {Pen} pen @param {LensPage} record @param {PatchSet} set @param {ImageMap} map @param {WordLook} look @param {Measure} measure */
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

/** What can be seen of the patches: their words stay over them. @param {Pen} pen @param {PatchSet} set @param {ImageMap} map */
function groupEdges(pen, set, map) {
  const [left, top, right, bottom] = boxOnStage(map, set.extent);
  return { left: Math.max(0, left), top: Math.max(0, top), right: Math.min(pen.canvas.width, right), bottom: Math.min(pen.canvas.height, bottom) };
}

/** As many labels as leave the picture in sight. @param {Edges} room @param {number} density */
function groupRoom({ left, top, right, bottom }, density) {
  return Math.min(60, Math.ceil((Math.max(0, right - left) * Math.max(0, bottom - top)) / (4200 * density ** 2)));
}
