/**
 * Painting words on the picture: contours and names of regions that read as one word; zoomed in, the
 * word of every patch. Draws with a pen in device pixels, as image/draw.js; which regions are named
 * is in image/regions.js.
 */
import { paintContour } from "./draw.js";
import { CONTOUR } from "./looks.js";
import { boxNumber, boxOnStage, contourLines } from "./map.js";
import { AT_CHANCE, NAME_SIZE, eachHasRoom, nameBox, namedRegions, regionNames, wordRegions } from "./regions.js";
import { apart, fitWord, pictureWord } from "./words.js";
/** @import { Box, LensPage } from "../core/record.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { Pen } from "./draw.js" */
/** @import { ImageMap, PatchSet } from "./map.js" */
/** @import { RegionName } from "./regions.js" */

/** @param {Box} box @param {Pen} pen */
const outside = ([left, top, right, bottom], pen) => right < 0 || bottom < 0 || left > pen.canvas.width || top > pen.canvas.height;

/** @type {Map<string, number>} */
const wordWidths = new Map();

/** In CSS pixels, whatever the screen. @param {Pen} pen @param {number} density @returns {Measure} */
function wordMeasure(pen, density) {
  return (text) => {
    const key = `${pen.font} ${text}`;
    let width = wordWidths.get(key);
    if (width === undefined) {
      if (wordWidths.size > 20000) wordWidths.clear();
      width = pen.measureText(text).width / density;
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
 * @property {number[]} only while tokens are chosen, regions are named that read as one of them
 * @property {number} zoom 1: the whole picture is in sight
 */

/** @typedef {(text: string) => number} Measure the width of a text */
/** @typedef {{text: string, x: number, y: number, wide: number}} Written x, y: the middle */

/**
 * @param {Pen} pen
 * @param {LensPage} record
 * @param {PatchSet} set
 * @param {ImageMap} map
 * @param {WordLook} look
 * @returns {Box[]} where regions are named
 */
export function paintWords(pen, record, set, map, look) {
  if (set.positions.length === 0) return [];
  const { density } = look;
  const [width, height] = [set.patch.width * map.scale / density, set.patch.height * map.scale / density];
  if (eachHasRoom(set, look.zoom, { width, height })) {
    const points = Math.max(9, Math.min(15, Math.min(width / 4.2, height / 1.7)));
    setFont(pen, look, "", points);
    writeWords(pen, patchWords(pen, record, set, map, look), points, look);
    return [];
  }
  setFont(pen, look, "600 ", NAME_SIZE);
  const names = namesNow(record, set, look, wordMeasure(pen, density));
  const [ink, halo] = [CONTOUR.ink, CONTOUR.halo].map(({ rgb, alpha }) => `rgb(${rgb} / ${alpha})`);
  for (const { region } of names) paintContour(pen, contourLines(set, region.members), map, { ink, halo, width: density });
  const stage = { scale: map.scale / density, x: map.x / density, y: map.y / density };
  const room = { width: pen.canvas.width / density, height: pen.canvas.height / density };
  const boxes = names.map((name) => ({ name, ...nameBox(name, stage, set) }))
    .filter((box) => box.left + box.width > 0 && box.left < room.width && box.top + box.height > 0 && box.top < room.height);
  const written = apart(boxes, boxes.length).map(({ name, left, top, width: across, height: down }) => (
    { text: name.text, wide: name.wide * density, x: (left + across / 2) * density, y: (top + down / 2) * density }));
  writeWords(pen, written, NAME_SIZE, look);
  return written.map((word) => wordBox(word, NAME_SIZE, density));
}

/** @param {Written} word its middle @param {number} points @param {number} density @returns {Box} */
function wordBox({ x, y, wide }, points, density) {
  const [across, down] = [wide / 2 + 2.5 * density, ((points + 4) / 2) * density];
  return [x - across, y - down, x + across, y + down];
}

/** @param {Pen} pen @param {WordLook} look @param {string} weight @param {number} points */
function setFont(pen, look, weight, points) {
  pen.font = `${weight}${points * look.density}px ${look.colours.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.direction = "ltr";
}

/** @param {Pen} pen @param {Written[]} words @param {number} points @param {WordLook} look */
function writeWords(pen, words, points, { density, colours }) {
  for (const word of words) {
    const { text, x, y } = word;
    const [left, top, right, bottom] = wordBox(word, points, density);
    pen.fillStyle = colours.surface;
    pen.globalAlpha = 0.88;
    pen.beginPath();
    pen.roundRect(left, top, right - left, bottom - top, 3 * density);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillStyle = colours.ink;
    pen.fillText(text, x, y + 0.5 * density);
  }
}

/** @param {Pen} pen @param {LensPage} record @param {PatchSet} set @param {ImageMap} map @param {WordLook} look @returns {Written[]} */
function patchWords(pen, record, set, map, look) {
  const measure = wordMeasure(pen, look.density);
  const words = [];
  for (let n = 0; n < set.positions.length; n += 1) {
    const box = boxOnStage(map, boxNumber(set, n));
    const t = set.positions[n];
    if (outside(box, pen) || record.topProb(look.layer, t, 0) < AT_CHANCE) continue;
    const word = pictureWord(record.text(record.topIndex(look.layer, t, 0)));
    const text = fitWord(word, (box[2] - box[0]) / look.density - 7, measure);
    if (text.trim()) words.push({ text, wide: measure(text) * look.density, x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 });
  }
  return words;
}

/** @type {{set: PatchSet, key: string, names: RegionName[]}|null} panning draws again and again */
let namesMade = null;

/** @param {LensPage} record @param {PatchSet} set @param {WordLook} look @param {Measure} measure */
function namesNow(record, set, { layer, only, zoom }, measure) {
  const key = `${layer} ${only} ${Math.floor(Math.log2(zoom) + 1e-6)}`;
  if (namesMade?.set !== set || namesMade.key !== key) {
    namesMade = { set, key, names: regionNames(record, set, namedRegions(record, wordRegions(record, set, layer), only), zoom, measure) };
  }
  return namesMade.names;
}
