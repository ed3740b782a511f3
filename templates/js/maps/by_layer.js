/**
 * The same word by layer, as three small charts: the lens, attention blocked, what was written. SVG
 * by classes; colours are in css/maps.css. Knows numbers and pixels, not the state.
 */
import { formatNumber } from "../core/format.js";
import { svgElement } from "../core/svg.js";
import { ROUTES } from "../core/word_maps.js";
/** @import { Band, Written } from "../core/word_maps.js" */

/** No axis is shorter than this: next to nothing must not look like much. */
const SHORTEST = { p: 0.05, nats: 0.05, logits: 0.5 };
const EDGE = { left: 34, right: 6, top: 8, bottom: 17 };

/** @typedef {{width: number, height: number}} Size */
/** @typedef {{low: number, high: number, y: (value: number) => number}} Axis */

/** A vertical axis that holds zero and all values. @param {number[]} values @param {Size} size @returns {Axis} */
function axisOf(values, { height }) {
  const known = values.filter(Number.isFinite);
  const low = Math.min(0, ...known);
  const high = Math.max(0, ...known);
  const span = high - low || 1;
  return { low, high: low + span, y: (value) => EDGE.top + ((low + span - value) / span) * (height - EDGE.top - EDGE.bottom) };
}

/** Ticks at both ends and zero. @param {Axis} axis @param {Size} size */
function frame(axis, { width }) {
  const ticks = [...new Set([axis.low, 0, axis.high])].filter((tick, n, all) => n === 0 || Math.abs(axis.y(tick) - axis.y(all[n - 1])) > 9);
  return ticks.flatMap((tick) => [
    svgElement("line", { class: tick === 0 ? "maps-zero" : "maps-grid", x1: EDGE.left, x2: width - EDGE.right, y1: axis.y(tick), y2: axis.y(tick) }),
    svgElement("text", { class: "maps-tick", x: EDGE.left - 4, y: axis.y(tick) + 3.5, "text-anchor": "end" }, shortNumber(tick)),
  ]);
}

/** @param {number} value */
const shortNumber = (value) => (value === 0 ? "0" : Math.abs(value) < 0.01 ? value.toExponential(0) : String(Number(value.toPrecision(2))));

/** Labels under the axis. @param {{x: number, text: string}[]} labels @param {Size} size */
const below = (labels, { height }) => labels.map(({ x, text }) => svgElement("text", { class: "maps-tick", x, y: height - 4, "text-anchor": "middle" }, text));

/**
 * The largest p of any patch, layer by layer; the layer shown is marked.
 * @param {SVGElement} svg
 * @param {{layers: number[], most: number[], now: number}} what `now` index of the layer shown
 * @param {Size} size
 */
export function drawReads(svg, { layers, most, now }, size) {
  const axis = axisOf([...most, SHORTEST.p], size);
  const x = (/** @type {number} */ l) => EDGE.left + (layers.length < 2 ? 0.5 : l / (layers.length - 1)) * (size.width - EDGE.left - EDGE.right);
  const path = most.map((p, l) => `${l ? "L" : "M"}${x(l).toFixed(1)} ${axis.y(p).toFixed(1)}`).join("");
  const every = Math.max(1, Math.ceil((layers.length * 26) / size.width));
  const ticks = layers.map((layer, l) => ({ x: x(l), text: (layers.length - 1 - l) % every ? "" : String(layer) }));
  fill(svg, size, [
    ...frame(axis, size),
    svgElement("line", { class: "maps-now", x1: x(now), x2: x(now), y1: EDGE.top, y2: size.height - EDGE.bottom }),
    svgElement("path", { class: "maps-line", d: path }),
    ...below(ticks, size),
  ]);
}

/**
 * log p lost when attention is blocked: a bar for each route in every band of layers.
 * @param {SVGElement} svg
 * @param {Band[]} bands
 * @param {Size} size
 */
export function drawKnockout(svg, bands, size) {
  const axis = axisOf([...bands.flatMap((band) => band.drops), SHORTEST.nats], size);
  const step = (size.width - EDGE.left - EDGE.right) / bands.length;
  const wide = Math.max(1, (step * 0.8) / ROUTES.length);
  const every = Math.ceil(34 / step);
  const bars = bands.flatMap((band, b) => band.drops.map((drop, r) => {
    if (!Number.isFinite(drop)) return null;
    const bar = barTo(axis, EDGE.left + b * step + step * 0.1 + r * wide, wide, drop, `maps-route-${r}`);
    bar.append(svgElement("title", {}, `layers ${band.label} · ${ROUTES[r]} blocked: ${formatNumber(drop)} nats lost`));
    return bar;
  }));
  const labels = bands.map((band, b) => ({ x: EDGE.left + (b + 0.5) * step, text: b % every ? "" : band.label }));
  fill(svg, size, [...frame(axis, size), ...bars, ...below(labels, size)]);
}

/**
 * What attention and MLP of every layer wrote to the word's logit.
 * @param {SVGElement} svg
 * @param {Written} written
 * @param {Size} size
 */
export function drawWritten(svg, written, size) {
  const count = written.attention.length;
  const axis = axisOf([...written.attention, ...written.mlp, written.embedding, written.rest, SHORTEST.logits], size);
  const step = (size.width - EDGE.left - EDGE.right) / (count + 2);
  const wide = Math.max(1, step * 0.4);
  const at = (/** @type {number} */ n) => EDGE.left + n * step + step * 0.1;
  const one = (/** @type {number} */ x, /** @type {number} */ value, /** @type {string} */ kind, /** @type {string} */ what) => {
    if (!Number.isFinite(value)) return null;
    const bar = barTo(axis, x, wide, value, `maps-${kind}`);
    bar.append(svgElement("title", {}, `${what}: ${formatNumber(value)} logits`));
    return bar;
  };
  const every = Math.max(1, Math.ceil(22 / step));
  fill(svg, size, [
    ...frame(axis, size),
    one(at(0), written.embedding, "rest", "embedding"),
    ...written.attention.flatMap((value, n) => [
      one(at(n + 1), value, "attention", `attention of layer ${n + 1}`),
      one(at(n + 1) + wide, written.mlp[n], "mlp", `MLP of layer ${n + 1}`),
    ]),
    one(at(count + 1), written.rest, "rest", "the rest: biases, caps, what does not split"),
    ...below(written.attention.map((_, n) => ({ x: at(n + 1) + wide, text: n === 0 || (n + 1) % every === 0 ? String(n + 1) : "" })), size),
  ]);
}

/** @param {Axis} axis @param {number} x @param {number} width @param {number} value @param {string} kind */
function barTo(axis, x, width, value, kind) {
  const [from, to] = [axis.y(0), axis.y(value)];
  return svgElement("rect", { class: kind, x: x.toFixed(1), width: width.toFixed(1), y: Math.min(from, to).toFixed(1), height: Math.max(0.5, Math.abs(from - to)).toFixed(1) });
}

/** @param {SVGElement} svg @param {Size} size @param {(SVGElement|null)[]} parts */
function fill(svg, { width, height }, parts) {
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts.filter((part) => part !== null));
}
