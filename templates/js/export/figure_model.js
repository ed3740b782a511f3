/**
 * What an exported figure says and where: caption lines, patches, words, pins. Pure.
 */
import { capital } from "../core/format.js";
import { pinnedPositions } from "../core/pins.js";
import { boxOf, contourLines, patchSet } from "../image/map.js";
import { AT_CHANCE, eachHasRoom, nameBox, namedRegions, regionNames, wordRegions } from "../image/regions.js";
import { apart, fitWord, pictureWord } from "../image/words.js";
/** @import { Quantity } from "../core/quantity.js" */
/** @import { Box, LensPage } from "../core/record.js" */
/** @import { Cell } from "../core/state_values.js" */
/** @import { PatchSet } from "../image/map.js" */
/** @import { Verdict } from "../page/validity.js" */

/**
 * Break text into lines of at most `width` letters, at spaces where there are some.
 * @param {string} text
 * @param {number} width
 * @param {number} most lines
 * @returns {string[]}
 */
export function figureLines(text, width, most = 4) {
  const lines = [];
  let line = "";
  for (const word of text.split(/\s+/u).filter(Boolean)) {
    let rest = [...word];
    if (line && [...line].length + 1 + rest.length > width) { lines.push(line); line = ""; }
    while (rest.length > width) { lines.push(rest.slice(0, width).join("")); rest = rest.slice(width); }
    line = line ? `${line} ${rest.join("")}` : rest.join("");
  }
  if (line) lines.push(line);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `${[...lines[most - 1]].slice(0, width - 2).join("")} …`];
}

/** XML 1.0 cannot write some characters, and some turn the text around them: a replacement stands for them. @param {string} text */
export const xmlText = (text) => text.replace(/[\0-\x08\x0B\x0C\x0E-\x1F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]|\p{Surrogate}/gu, "\uFFFD");

/**
 * The part of the picture that a figure shows: what the model saw, in a view of tiles those; and of
 * that what one who has zoomed in sees.
 * @param {LensPage} record
 * @param {number} view
 * @param {Box|null} [visible]
 * @returns {{box: Box, cropped: boolean}}
 */
export function figureFrame(record, view, visible = null) {
  const { width, height } = record.meta.image;
  const { crop } = record.meta;
  const set = patchSet(record, view);
  const seen = set.view !== 0 ? set.extent : crop?.length === 4 ? crop : [0, 0, width, height];
  /** @type {Box} */
  const box = [Math.max(0, seen[0]), Math.max(0, seen[1]), Math.min(width, seen[2]), Math.min(height, seen[3])];
  const cropped = box[0] >= 1 || box[1] >= 1 || box[2] <= width - 1 || box[3] <= height - 1;
  const shown = visible ? /** @type {Box} */ (box.map((side, n) => (n < 2 ? Math.max(side, visible[n]) : Math.min(side, visible[n])))) : box;
  return { box: shown[2] - shown[0] > 1 && shown[3] - shown[1] > 1 ? shown : box, cropped };
}

/** All that is needed to make a figure again. @param {LensPage} record @param {Verdict} verdict @param {string} [lens] */
export function figureSource(record, verdict, lens = record.lensTitle) {
  const { meta } = record;
  const check = { passed: "self-check passed", failed: "SELF-CHECK FAILED: not to be trusted", unknown: "no self-check" }[verdict];
  return [
    `${capital(lens)} of ${meta.model}${meta.revision ? ` (revision ${meta.revision})` : ""}; image ${meta.image?.source || meta.image?.name || "–"}; ${meta.dtype || "–"}; ${check}; recorded ${String(meta.created ?? "").slice(0, 10) || "–"}.`,
    `Prompt: ${meta.prompt}`,
  ];
}

/**
 * Caption of the figure of the picture.
 * @param {LensPage} record
 * @param {{layer: number, view: number, title: string, verdict: Verdict, pins?: {number: number, position: number}[], part?: boolean}} what
 * @returns {string[]} sentences
 */
export function figureCaption(record, { layer, view, title, verdict, pins = [], part = false }) {
  const tile = record.views.length < 2 ? "" : `, ${view === 0 ? "whole image" : view < 0 ? "all tiles" : `tile ${view}`}`;
  const cropped = part ? ", a part of the picture" : view === 0 && figureFrame(record, view).cropped ? ", cropped to what the model saw" : "";
  return [
    `${title || "Top token"} at ${record.layerName(layer)} of ${record.layers.at(-1)}, per patch${tile}${cropped}.`,
    ...(pins.length ? [`Pinned ${pins.map(({ number, position }) => `${number}: ${record.label(position)}`).join(", ")}.`] : []),
    ...figureSource(record, verdict),
  ];
}

/** @typedef {{box: Box, scale: number}} FigurePlace the part that is shown, and how large */
/** @typedef {{x: number, y: number, width: number, height: number}} FigureBox */
/** @typedef {FigureBox & {t: number, shade: number}} FigurePatch */
/** @typedef {FigureBox & {number: number, position: number}} FigurePin */
/** @typedef {{text: string, x: number, y: number, wide: number}} FigureWord x, y: the middle */

/** @param {FigurePlace} place @param {Box} box @returns {FigureBox} */
const onFigure = ({ box, scale }, [left, top, right, bottom]) => ({
  x: (left - box[0]) * scale, y: (top - box[1]) * scale, width: (right - left) * scale, height: (bottom - top) * scale,
});

/**
 * Patches of a view as drawn: where and how strong.
 * @param {LensPage} record
 * @param {Quantity} quantity
 * @param {{layer: number, view: number, place: FigurePlace}} what
 * @returns {FigurePatch[]}
 */
export function figurePatches(record, quantity, { layer, view, place }) {
  return Array.from(patchSet(record, view).positions, (t) => ({ t, ...onFigure(place, boxOf(record, t)), shade: quantity.shade(layer, t) }));
}

/** Pinned patches that the figure shows, numbered in the order of the pins. @param {LensPage} record @param {Cell[]} pins @param {{view: number, place: FigurePlace}} what @returns {FigurePin[]} */
export function figurePins(record, pins, { view, place }) {
  const set = patchSet(record, view);
  return pinnedPositions(pins)
    .filter(({ position }) => set.indexOf.has(position))
    .map(({ number, position }) => ({ number, position, ...onFigure(place, boxOf(record, position)) }));
}

/**
 * Words as written on the figure: those of the page.
 * @param {LensPage} record
 * @param {{layer: number, view: number, place: FigurePlace, only: number[], zoom?: number}} what only: regions of these tokens alone, where there are some
 * @param {(text: string) => number} measure in the figure's font
 * @param {(text: string) => number} choose the same in the page's: which regions are named must not differ
 * @returns {{words: FigureWord[], contours: number[][]}} contours: 4 numbers per line, on the figure
 */
export function figureWords(record, { layer, view, place, only, zoom = 1 }, measure, choose = measure) {
  const set = patchSet(record, view);
  const onPlace = { scale: place.scale, x: -place.box[0] * place.scale, y: -place.box[1] * place.scale };
  const patch = { width: set.patch.width * place.scale, height: set.patch.height * place.scale };
  if (eachHasRoom(set, zoom, patch)) return { words: figurePatchWords(record, set, layer, place, measure), contours: [] };
  const names = regionNames(record, set, namedRegions(record, wordRegions(record, set, layer), only), zoom, choose).map((name) => ({ ...name, wide: measure(name.text) }));
  const [across, down] = [(place.box[2] - place.box[0]) * place.scale, (place.box[3] - place.box[1]) * place.scale];
  const labels = names.map((name) => ({ text: name.text, wide: name.wide, ...nameBox(name, onPlace, set) }))
    .filter(({ left, top, width, height }) => left > -0.5 && top > -0.5 && left + width < across + 0.5 && top + height < down + 0.5);
  const words = apart(labels, labels.length).map(({ text, wide, left, top, width, height }) => ({ text, wide, x: left + width / 2, y: top + height / 2 }));
  const contours = names.map(({ region }) => contourLines(set, region.members).map((at, n) => at * place.scale + (n % 2 ? onPlace.y : onPlace.x)));
  return { words, contours };
}

/** @param {LensPage} record @param {PatchSet} set @param {number} layer @param {FigurePlace} place @param {(text: string) => number} measure @returns {FigureWord[]} */
function figurePatchWords(record, set, layer, place, measure) {
  return Array.from(set.positions, (t) => {
    const box = onFigure(place, boxOf(record, t));
    const word = record.topProb(layer, t, 0) < AT_CHANCE ? "" : pictureWord(record.text(record.topIndex(layer, t, 0)));
    const text = fitWord(word, box.width - 8, measure);
    return { text, wide: measure(text), x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }).filter(({ text }) => text.trim());
}

const BADGE = 14; // pixels high

/**
 * Where the numbers of the pins stand: at a corner of their patch, or beside it, where they cover no
 * word and no other number.
 * @param {FigurePin[]} pins
 * @param {FigureWord[]} words
 * @param {{width: number, height: number}} room
 * @returns {FigureBox[]}
 */
export function badgeSpots(pins, words, room) {
  /** @type {FigureBox[]} */
  const taken = words.map(({ x, y, wide }) => ({ x: x - wide / 2 - 4, y: y - 8, width: wide + 8, height: 16 }));
  return pins.map(({ number, x, y, width, height }) => {
    const wide = 7 + 6 * String(number).length;
    const [before, after, above, below] = [x - wide / 2, x + width - wide / 2, y - BADGE / 2, y + height - BADGE / 2];
    const across = [before, after, x - wide - 2, x + width + 2, x + width / 2 - wide / 2];
    const spots = [above, below, y - BADGE - 2, y + height + 2].flatMap((top) => across.map((left) => ({
      x: Math.max(1, Math.min(room.width - wide - 1, left)), y: Math.max(1, Math.min(room.height - BADGE - 1, top)), width: wide, height: BADGE,
    })));
    const free = spots.find((spot) => !taken.some((other) => spot.x < other.x + other.width && other.x < spot.x + spot.width && spot.y < other.y + other.height && other.y < spot.y + spot.height));
    taken.push(free ?? spots[0]);
    return free ?? spots[0];
  });
}
