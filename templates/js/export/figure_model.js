/**
 * What an exported figure says and where: caption lines, patches, words, pins. Pure.
 */
import { boxOf, patchSet } from "../image/map.js";
import { apart, fitWord, pictureWord, wordGroups } from "../image/words.js";
/** @import { Quantity } from "../core/quantity.js" */
/** @import { Box, LensPage } from "../core/record.js" */
/** @import { Cell } from "../core/state_values.js" */
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
 * The part of the picture that a figure shows: what the model saw, in a view of tiles those.
 * @param {LensPage} record
 * @param {number} view
 * @returns {{box: Box, cropped: boolean}}
 */
export function figureFrame(record, view) {
  const { width, height } = record.meta.image;
  const { crop } = record.meta;
  const set = patchSet(record, view);
  const seen = set.view !== 0 ? set.extent : crop?.length === 4 ? crop : [0, 0, width, height];
  /** @type {Box} */
  const box = [Math.max(0, seen[0]), Math.max(0, seen[1]), Math.min(width, seen[2]), Math.min(height, seen[3])];
  return { box, cropped: box[0] >= 1 || box[1] >= 1 || box[2] <= width - 1 || box[3] <= height - 1 };
}

/** All that is needed to make a figure again. @param {LensPage} record @param {Verdict} verdict */
export function figureSource(record, verdict) {
  const { meta } = record;
  const check = { passed: "self-check passed", failed: "SELF-CHECK FAILED: not to be trusted", unknown: "no self-check" }[verdict];
  return [
    `${meta.lens === "logit" || !meta.lens ? "Logit" : meta.lens} lens of ${meta.model}${meta.revision ? ` (revision ${meta.revision})` : ""}; image ${meta.image?.source || meta.image?.name || "–"}; ${meta.dtype || "–"}; ${check}; recorded ${String(meta.created ?? "").slice(0, 10) || "–"}.`,
    `Prompt: ${meta.prompt}`,
  ];
}

/**
 * Caption of the figure of the picture.
 * @param {LensPage} record
 * @param {{layer: number, view: number, title: string, verdict: Verdict, pins?: {number: number, position: number}[]}} what
 * @returns {string[]} sentences
 */
export function figureCaption(record, { layer, view, title, verdict, pins = [] }) {
  const tile = record.views.length < 2 ? "" : `, ${view === 0 ? "whole image" : view < 0 ? "all tiles" : `tile ${view}`}`;
  const cropped = view === 0 && figureFrame(record, view).cropped ? ", cropped to what the model saw" : "";
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
  return [...new Set(pins.map((pin) => pin.position))].map((position, n) => ({ number: n + 1, position }))
    .filter(({ position }) => set.indexOf.has(position))
    .map((pin) => ({ ...pin, ...onFigure(place, boxOf(record, pin.position)) }));
}

/**
 * Top tokens as written on the figure, as on the page: one per patch where it has room, else one
 * per group of neighbours that read the same. They cover neither each other nor a pin.
 * @param {LensPage} record
 * @param {{layer: number, view: number, place: FigurePlace, size: number, pins: FigureBox[]}} what size: of the letters
 * @param {(text: string) => number} measure
 * @returns {FigureWord[]}
 */
export function figureWords(record, { layer, view, place, size, pins }, measure) {
  const set = patchSet(record, view);
  const [width, height] = [(place.box[2] - place.box[0]) * place.scale, (place.box[3] - place.box[1]) * place.scale];
  const [patchWidth, patchHeight] = [set.patch.width * place.scale, set.patch.height * place.scale];
  const each = patchWidth >= 4 * size && patchHeight >= 1.6 * size;
  const groups = each ? Array.from(set.positions, (t, anchor) => ({ token: record.topIndex(layer, t, 0), anchor })) : wordGroups(record, set, layer, 0.35);
  const labels = groups.map(({ token, anchor }) => {
    const box = onFigure(place, boxOf(record, set.positions[anchor]));
    const text = fitWord(pictureWord(record.text(token)), each ? patchWidth - 8 : 10 * size, measure);
    const wide = measure(text);
    /** @param {number} middle @param {number} half @param {number} all */
    const inside = (middle, half, all) => Math.max(half, Math.min(all - half, middle));
    const x = inside(box.x + box.width / 2, wide / 2 + 5, width);
    const y = inside(box.y + box.height / 2, size * 0.75, height);
    return { text, wide, x, y, left: x - wide / 2 - 4, top: y - size * 0.7, width: wide + 8, height: size * 1.4 };
  }).filter((label) => label.text.trim());
  if (each) return labels;
  const taken = pins.map((pin) => ({ text: "", wide: 0, x: 0, y: 0, left: pin.x, top: pin.y, width: pin.width, height: pin.height }));
  const most = Math.min(60, Math.ceil((width * height) / (35 * size ** 2)));
  return apart([...taken, ...labels], taken.length + most).filter((label) => label.text);
}
