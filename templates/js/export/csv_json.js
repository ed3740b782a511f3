/**
 * A record as CSV and JSON texts. Pure.
 * Numbers are the page's own: the record rounded once to 3 significant digits (relative error at
 * most 0.5 %).
 */
import { DECIMAL } from "../core/decimal.js";
import { chartSeries, chartTokens } from "../pinned/chart_data.js";
import { csvText } from "./csv_text.js";
/** @import { LensPage } from "../core/record.js" */

const KIND_NAMES = ["text", "image", "answer"];

/** Where a line is about. @param {LensPage} record @param {number} l @param {number} t @returns {(string|number|null)[]} */
function csvPlace(record, l, t) {
  const place = record.place(t);
  return [record.meta.image?.name ?? "", record.meta.model ?? "", record.lensNames[record.lens], record.layers[l], t, KIND_NAMES[record.kind(t)],
    record.text(record.input(t)), record.kind(t) === 1 ? record.patchNumber.get(t) ?? null : null, place ? place.row : null, place ? place.column : null];
}
const CSV_PLACE = ["image", "model", "lens", "layer", "position", "kind", "input_token", "patch", "patch_row", "patch_column"];

/**
 * The pinned cells: a line for each of their top tokens, and for tracked ones outside the top k.
 * `rank` counts from 1.
 * @param {LensPage} record
 * @param {{layer: number, position: number}[]} pins
 */
export function pinnedCsv(record, pins) {
  /** @type {(string|number|null)[][]} */
  const lines = [[...CSV_PLACE, "rank", "token_id", "token", "probability", "source", "entropy_nats", "kl_nats", "decision_layer"]];
  for (const { layer: l, position: t } of pins) {
    const after = [record.entropy(l, t), record.kl(l, t), record.layers[record.decision(t)]];
    for (let r = 0; r < record.K; r += 1) {
      const i = record.topIndex(l, t, r);
      lines.push([...csvPlace(record, l, t), r + 1, record.id(i), record.text(i), record.topProb(l, t, r), "top-k", ...after]);
    }
    record.tracked.forEach((i, slot) => {
      if (record.rankInTop(l, t, i) >= 0) return;
      lines.push([...csvPlace(record, l, t), record.trackedRank(l, t, slot) + 1, record.id(i), record.text(i), record.trackedProb(l, t, slot), "tracked", ...after]);
    });
  }
  return csvText(lines);
}

/**
 * The lines of the charts: every layer of every pinned position. Where a value is not exact, the
 * probability is empty and `at_most` holds p_k.
 * @param {LensPage} record
 * @param {{layer: number, position: number}[]} pins
 * @param {number[]} tokens chosen ids
 */
export function trajectoriesCsv(record, pins, tokens) {
  /** @type {(string|number|null)[][]} */
  const lines = [[...CSV_PLACE, "token_id", "token", "probability", "at_most", "rank"]];
  for (const t of new Set(pins.map((pin) => pin.position))) {
    const layers = pins.filter((pin) => pin.position === t).map((pin) => pin.layer);
    const { indices } = chartTokens(record, t, { tokens, layers });
    const [probs, ranks] = [chartSeries(record, t, indices, "prob"), chartSeries(record, t, indices, "rank")];
    indices.forEach((i, n) => {
      for (let l = 0; l < record.L; l += 1) {
        const [p, rank] = [probs[n].points[l], ranks[n].points[l]];
        lines.push([...csvPlace(record, l, t), record.id(i), record.text(i), p.exact ? p.value : null, p.exact ? null : p.value, rank.exact ? rank.value + 1 : null]);
      }
    });
  }
  return csvText(lines);
}

/** What the JSON says about itself. */
const JSON_NOTE = "Arrays are (layer, position, rank); tracked_* are (layer, position, tracked token). "
  + "top_probs, entropy, kl and tracked_probs are the recorded values rounded once to 3 significant digits "
  + "(relative error at most 0.5 %); below 1e-62 they are 0. null: not recorded. Controls and writing-direction marks in token_text are named (<U+202E>). Ranks count from 0 over the "
  + "whole vocabulary. position_kind: 0 text, 1 image, 2 answer. layers: 0 is the embeddings. lens_*: the lenses after the first of lens_names, with an axis (lens) in front. The picture is not included.";

/** @param {ArrayLike<number>} values NaN: not recorded */
const jsonList = (values) => `[${Array.from(values, (value) => (Number.isNaN(value) ? "null" : value)).join(",")}]`;

/**
 * The whole record, in pieces, so that a big one never is one string. Arrays of further lenses have
 * an axis more, in front, and are named `lens_…`, as in the saved record.
 * @param {LensPage} record
 * @param {Object<string, unknown>} [more] what to add, by name
 * @returns {Generator<number, string[]>}
 */
export function* recordJsonSteps(record, more = {}) {
  const [first, ...others] = record.everyLens;
  const parts = [jsonHead(record), ...Object.entries(more).map(([name, value]) => `,\n${JSON.stringify(name)}:${JSON.stringify(value)}`)];
  for (const { name, array, width } of jsonArrays(first)) {
    parts.push(`,\n"${name}":`);
    yield* jsonArraySteps(parts, first, array, width);
  }
  if (others.length) parts.push(`,\n"lens_names":${JSON.stringify(record.lensNames)}`);
  for (let n = 0; n < jsonArrays(first).length && others.length; n += 1) {
    parts.push(`,\n"lens_${jsonArrays(first)[n].name}":[`);
    for (const other of others) {
      if (other !== others[0]) parts.push(",");
      const { array, width } = jsonArrays(other)[n];
      yield* jsonArraySteps(parts, other, array, width);
    }
    parts.push("]");
  }
  parts.push("}\n");
  return parts;
}

/** @typedef {Uint16Array|Uint32Array|Int32Array|undefined} JsonArray */

/** What a lens read. @param {LensPage} record @returns {{name: string, array: JsonArray, width: number}[]} width: values of a cell; 0: a cell is a number */
const jsonArrays = ({ blocks, K, tracked }) => [
  { name: "top_ids", array: blocks.top, width: K },
  { name: "top_probs", array: blocks.prob, width: K },
  { name: "entropy", array: blocks.entropy, width: 0 },
  { name: "kl", array: blocks.kl, width: 0 },
  { name: "tracked_probs", array: blocks.tracked_prob, width: tracked.length },
  { name: "tracked_ranks", array: blocks.tracked_rank, width: tracked.length },
];

/** @param {string[]} parts @param {LensPage} record @param {JsonArray} array @param {number} width @returns {Generator<number>} */
function* jsonArraySteps(parts, record, array, width) {
  if (!array) {
    parts.push("null");
    return;
  }
  for (let l = 0; l < record.L; l += 1) {
    for (let from = 0; from < record.T; from += JSON_CELLS) {
      parts.push(`${from ? "," : l ? "],\n[" : "[["}${jsonCells(record, array, width, l, from)}`);
      yield l / record.L;
    }
  }
  parts.push("]]");
}

/** What a number of an array stands for. @param {LensPage} record @param {JsonArray} array @returns {(value: number) => number} */
const jsonReader = (record, array) => (array === record.blocks.top ? (i) => record.id(i) : array === record.blocks.tracked_rank ? (rank) => rank : (code) => DECIMAL[code]);

const JSON_CELLS = 2000; // in a piece

/** Some cells of a layer. @param {LensPage} record @param {NonNullable<JsonArray>} array @param {number} width @param {number} l @param {number} from */
function jsonCells(record, array, width, l, from) {
  const read = jsonReader(record, array);
  const [first, last] = [l * record.T + from, l * record.T + Math.min(record.T, from + JSON_CELLS)];
  if (!width) return jsonList(Array.from(array.subarray(first, last), read)).slice(1, -1);
  const cells = [];
  for (let at = first; at < last; at += 1) cells.push(jsonList(Array.from(array.subarray(at * width, (at + 1) * width), read)));
  return cells.join(",");
}

/** All but the big arrays. @param {LensPage} record */
function jsonHead(record) {
  const { blocks, T, tracked } = record;
  const order = Array.from(blocks.token_id, (_, i) => i).sort((a, b) => record.id(a) - record.id(b));
  const boxes = Array.from({ length: T }, (_, t) => jsonList(blocks.box.subarray(4 * t, 4 * t + 4)));
  return `{"format":"logit-lens-json/1",\n"note":${JSON.stringify(JSON_NOTE)},\n"meta":${JSON.stringify(record.meta)},\n`
    + `"layers":${jsonList(record.layers)},\n"input_ids":${jsonList(Array.from(blocks.input, (i) => record.id(i)))},\n"position_kind":${jsonList(blocks.kind)},\n`
    + `"patch_boxes":[${boxes.join(",")}],\n"patch_view":${jsonList(blocks.patch_view)},\n`
    + `"tracked_ids":${jsonList(tracked.map((i) => record.id(i)))},\n"token_ids":${jsonList(order.map((i) => record.id(i)))},\n`
    + `"token_text":${JSON.stringify(order.map((i) => record.text(i)))}`;
}
