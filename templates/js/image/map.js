/**
 * Where things are: picture ↔ stage, patches under a point, patches beside each other. Pure.
 * An ImageMap takes pixels of the original to pixels of the stage: stage = original × scale + (x, y).
 */
/** @import { Box, LensPage } from "../core/record.js" */

/** @typedef {{scale: number, x: number, y: number}} ImageMap */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {[number, number]} Point x, y */
/** @typedef {[number, number]} Limits the least and the largest scale */

/** The whole picture, as large as the room allows, in its middle. @param {Size} size @param {Size} room */
export function fitMap(size, room, margin = 0) {
  const scale = Math.max(1e-6, Math.min((room.width - 2 * margin) / size.width, (room.height - 2 * margin) / size.height));
  return { scale, x: (room.width - size.width * scale) / 2, y: (room.height - size.height * scale) / 2 };
}

/** A part of the picture, as large as the room allows. @param {Box} box @param {Size} room @param {Limits} limits */
export function boxMap(box, room, limits, margin = 0) {
  const [left, top, right, bottom] = box;
  const wanted = fitMap({ width: right - left, height: bottom - top }, room, margin).scale;
  const scale = Math.max(limits[0], Math.min(limits[1], wanted));
  return { scale, x: room.width / 2 - ((left + right) / 2) * scale, y: room.height / 2 - ((top + bottom) / 2) * scale };
}

/** Zoom so that what is under `at` stays there. @param {ImageMap} map @param {number} factor @param {Point} at @param {Limits} limits */
export function zoomMap(map, factor, at, limits) {
  const scale = Math.max(limits[0], Math.min(limits[1], map.scale * factor));
  const by = scale / map.scale;
  return { scale, x: at[0] - (at[0] - map.x) * by, y: at[1] - (at[1] - map.y) * by };
}

/**
 * Keep the picture in the room: centred where it is smaller, without a gap where it is larger.
 * @param {ImageMap} map
 * @param {Size} size
 * @param {Size} room
 */
export function settleMap(map, size, room) {
  /** @param {number} at @param {number} length @param {number} all */
  const settle = (at, length, all) => (length <= all ? (all - length) / 2 : Math.max(all - length, Math.min(0, at)));
  return {
    scale: map.scale,
    x: settle(map.x, size.width * map.scale, room.width),
    y: settle(map.y, size.height * map.scale, room.height),
  };
}

/** A box of the original on the stage. @param {ImageMap} map @param {Box} box @returns {Box} */
export function boxOnStage(map, [left, top, right, bottom]) {
  return [left * map.scale + map.x, top * map.scale + map.y, right * map.scale + map.x, bottom * map.scale + map.y];
}

/** A point of the stage on the original. @param {ImageMap} map @param {Point} at @returns {Point} */
export const pointOnImage = (map, at) => [(at[0] - map.x) / map.scale, (at[1] - map.y) / map.scale];

/**
 * What the view switch offers. Tiles are offered together only where they lie side by side:
 * overlapping tiles are never drawn over each other.
 * @param {LensPage} record
 * @returns {{value: number, label: string}[]} value −1: all tiles
 */
export function viewChoices(record) {
  const choices = record.views.map((view) => ({ value: view, label: record.viewName(view) }));
  const extents = record.views.filter((view) => view > 0).map((view) => patchSet(record, view).extent);
  const overlap = extents.some((a, n) => extents.slice(n + 1).some((b) => (
    Math.min(a[2], b[2]) - Math.max(a[0], b[0]) > 0.5 && Math.min(a[3], b[3]) - Math.max(a[1], b[1]) > 0.5)));
  return extents.length > 1 && !overlap ? [...choices, { value: -1, label: "all tiles" }] : choices;
}

/** The box of a position that is known to have one. @param {LensPage} record @param {number} t @returns {Box} */
export const boxOf = (record, t) => record.box(t) ?? [0, 0, 0, 0];
/** Its row and column. @param {LensPage} record @param {number} t */
export const placeOf = (record, t) => record.place(t) ?? { row: 0, column: 0 };

/** Rows down and columns right: first the four sides (up, right, down, left), then the corners. */
const AROUND = [[-1, 0], [0, 1], [1, 0], [0, -1], [-1, -1], [-1, 1], [1, 1], [1, -1]];
/** @type {WeakMap<LensPage, Map<number, PatchSet>>} */
const patchSets = new WeakMap();
/** @param {number} view @param {number} row @param {number} column */
const patchKey = (view, row, column) => (view * 65536 + row) * 65536 + column;

/**
 * The patches that a view shows.
 * @typedef {object} PatchSet
 * @property {number} view
 * @property {Int32Array} positions
 * @property {Float32Array} boxes 4 per patch
 * @property {Map<number, number>} indexOf position → place in `positions`
 * @property {Box} extent what they cover together
 * @property {{width: number, height: number}} patch the usual size of one
 * @property {Int32Array} beside 8 per patch: places of its neighbours in the same view, −1 where
 *   there is none, in the order of `AROUND`
 *
 * @param {LensPage} record
 * @param {number} wanted −1 all tiles; a view that the record lacks gives its first one
 * @returns {PatchSet}
 */
export function patchSet(record, wanted) {
  const view = wanted === -1 && record.views.some((v) => v > 0) ? -1 : record.views.includes(wanted) ? wanted : record.views[0] ?? 0;
  const known = patchSets.get(record) ?? new Map();
  patchSets.set(record, known);
  if (!known.has(view)) known.set(view, makePatchSet(record, view));
  return known.get(view);
}

/** @param {LensPage} record @param {number} view @returns {PatchSet} */
function makePatchSet(record, view) {
  const positions = Int32Array.from(record.placed.filter((t) => (view === -1 ? record.view(t) > 0 : record.view(t) === view)));
  const boxes = new Float32Array(4 * positions.length);
  /** @type {Map<number, number>} */
  const cells = new Map();
  /** @type {Box} */
  const extent = [Infinity, Infinity, -Infinity, -Infinity];
  positions.forEach((t, n) => {
    const [left, top, right, bottom] = boxOf(record, t);
    boxes.set([left, top, right, bottom], 4 * n);
    [extent[0], extent[1]] = [Math.min(extent[0], left), Math.min(extent[1], top)];
    [extent[2], extent[3]] = [Math.max(extent[2], right), Math.max(extent[3], bottom)];
    const { row, column } = placeOf(record, t);
    cells.set(patchKey(record.view(t), row, column), n);
  });
  const middle = (/** @type {number[]} */ length) => length.sort((a, b) => a - b)[positions.length >> 1] ?? 1;
  return {
    view, positions, boxes, extent,
    indexOf: new Map(Array.from(positions, (t, n) => [t, n])),
    patch: {
      width: middle(Array.from(positions, (_, n) => boxes[4 * n + 2] - boxes[4 * n])),
      height: middle(Array.from(positions, (_, n) => boxes[4 * n + 3] - boxes[4 * n + 1])),
    },
    beside: neighbours(record, positions, cells),
  };
}

/** @param {LensPage} record @param {Int32Array} positions @param {Map<number, number>} cells place in the set by `patchKey` */
function neighbours(record, positions, cells) {
  const beside = new Int32Array(8 * positions.length).fill(-1);
  positions.forEach((t, n) => {
    const { row, column } = placeOf(record, t);
    AROUND.forEach(([down, right], k) => {
      if (row + down < 0 || column + right < 0) return;
      beside[8 * n + k] = cells.get(patchKey(record.view(t), row + down, column + right)) ?? -1;
    });
  });
  return beside;
}

/**
 * Sides of some patches that have none of them as a neighbour: 4 numbers per line, on the original.
 * @param {PatchSet} set
 * @param {number[]} members places in the set
 */
export function contourLines(set, members) {
  const inside = new Set(members);
  /** @type {number[]} */
  const lines = [];
  for (const n of members) {
    const [left, top, right, bottom] = boxNumber(set, n);
    const open = [0, 1, 2, 3].map((k) => !inside.has(set.beside[8 * n + k])); // up, right, down, left
    if (open[0]) lines.push(left, top, right, top);
    if (open[1]) lines.push(right, top, right, bottom);
    if (open[2]) lines.push(left, bottom, right, bottom);
    if (open[3]) lines.push(left, top, left, bottom);
  }
  return lines;
}

/** The box of the patch at a place in the set. @param {PatchSet} set @param {number} n @returns {Box} */
export const boxNumber = ({ boxes }, n) => [boxes[4 * n], boxes[4 * n + 1], boxes[4 * n + 2], boxes[4 * n + 3]];

/** Place of the patch under a point of the original, −1 for none. @param {PatchSet} set @param {Point} at */
export function patchAt(set, [x, y]) {
  const { boxes } = set;
  for (let at = 0; at < boxes.length; at += 4) {
    if (x >= boxes[at] && x < boxes[at + 2] && y >= boxes[at + 1] && y < boxes[at + 3]) return at / 4;
  }
  return -1;
}

/** Positions of the patches that a box of the original touches. @param {PatchSet} set @param {Box} box */
export function patchesIn(set, [left, top, right, bottom]) {
  const found = [];
  for (let n = 0, at = 0; n < set.positions.length; n += 1, at += 4) {
    if (set.boxes[at] < right && set.boxes[at + 2] > left && set.boxes[at + 1] < bottom && set.boxes[at + 3] > top) found.push(set.positions[n]);
  }
  return found;
}

/** The nearest patch to the right (1, 0), below (0, 1) …: also from one tile into the next. @param {PatchSet} set @param {number} n @param {Point} way */
export function patchToward(set, n, [right, down]) {
  const { boxes } = set;
  const middle = (/** @type {number} */ m, /** @type {0|1} */ side) => (boxes[4 * m + side] + boxes[4 * m + side + 2]) / 2;
  const least = (right ? set.patch.width : set.patch.height) * 0.25;
  let best = n;
  let cost = Infinity;
  for (let m = 0; m < set.positions.length; m += 1) {
    const [dx, dy] = [middle(m, 0) - middle(n, 0), middle(m, 1) - middle(n, 1)];
    const along = dx * right + dy * down;
    const price = along + 3 * Math.abs(right ? dy : dx);
    if (along > least && price < cost) { cost = price; best = m; }
  }
  return best;
}
