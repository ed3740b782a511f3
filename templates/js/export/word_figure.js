/**
 * One word, three maps, as a figure for a paper: SVG by script, with what was done under each map.
 */
import { thePicture } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { svgElement } from "../core/svg.js";
import { boxOf, patchSet } from "../image/map.js";
import { captionOf, supportText } from "../maps/captions.js";
import { mapColour } from "../maps/map_canvas.js";
import { KINDS, TITLES, dependsOn, mapsOf, mostByLayer, readsAs, saidWords, writesDirectly } from "../core/word_maps.js";
import { checkVerdict } from "../page/validity.js";
import { figureLines, figureSource, xmlText } from "./figure_model.js";
import { FIGURE_FONT, figureInks, figureText } from "./figure_style.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { MapKind, SaidWord } from "../core/word_maps.js" */
/** @import { MapLook } from "../maps/map_canvas.js" */

const WIDTH = 1040;
const GAP = 22;
const LINE = 15;

/** @typedef {{kind: MapKind, values: Float32Array, look: MapLook}} Panel */

/** The maps that the record holds of a word. @param {LensPage} record @param {SaidWord} word @param {number} layer @param {boolean} dark @returns {Panel[]} */
function panelsOf(record, word, layer, dark) {
  const { paper, pin, halo } = figureInks(dark);
  const base = { dark, surface: paper, pin, halo };
  const there = mapsOf(record);
  return KINDS.filter((kind) => there[kind]).flatMap((kind) => {
    if (kind === "reads") {
      return { kind, values: readsAs(record, word, layer), look: { ...base, signed: false, limit: Math.max(...mostByLayer(record, word), 1e-9) } };
    }
    const map = kind === "depends" ? dependsOn(record, word) : writesDirectly(record, word);
    return map ? { kind, values: map.values, look: { ...base, signed: true, limit: map.limit } } : [];
  });
}

/**
 * @param {LensPage} record
 * @param {State} state with a word chosen
 * @returns {{svg: SVGSVGElement, width: number, height: number}}
 */
export function wordFigure(record, state) {
  const { word: number, layer, view, dark } = state.all();
  const word = saidWords(record)[number];
  const { paper, ink } = figureInks(dark);
  const set = patchSet(record, view);
  const panels = panelsOf(record, word, layer, dark);
  const wide = (WIDTH - GAP * (panels.length + 1)) / Math.max(panels.length, 1);
  const tall = wide * ((set.extent[3] - set.extent[1]) / (set.extent[2] - set.extent[0] || 1));
  const svg = svgElement("svg", { width: WIDTH, "font-family": FIGURE_FONT, "font-size": 13 });
  const drawn = panels.map((panel, n) => panelGroup(record, word, { panel, layer, view, x: GAP + n * (wide + GAP), y: 34, wide, tall, ink }));
  const captions = Math.max(...panels.map(({ kind }) => captionLines(kind, record, word, layer, wide).length), 0);
  const below = 34 + tall + 42 + captions * LINE + 12;
  const said = `“${word.text}” in the answer “${record.meta.answer ?? ""}”. ${supportText(record, word)}`;
  const text = figureText([said, ...figureSource(record, checkVerdict(record))], below + 14, WIDTH, ink);
  const height = below + 14 + 18 * text.length;
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  svg.append(svgElement("title", {}, xmlText(`${record.meta.image.name}: three maps of “${word.text}”`)),
    svgElement("rect", { width: WIDTH, height, fill: paper }), ...drawn, ...text);
  return { svg, width: WIDTH, height };
}

/** @param {MapKind} kind @param {LensPage} record @param {SaidWord} word @param {number} layer @param {number} wide pixels */
const captionLines = (kind, record, word, layer, wide) => figureLines(captionOf(kind, record, word, layer), Math.floor(wide / 5.9), 6);

/**
 * @param {LensPage} record
 * @param {SaidWord} word
 * @param {{panel: Panel, layer: number, view: number, x: number, y: number, wide: number, tall: number, ink: string}} place
 */
function panelGroup(record, word, { panel, layer, view, x, y, wide, tall, ink }) {
  const { kind, values, look } = panel;
  const set = patchSet(record, view);
  const [left, top] = set.extent;
  const scale = wide / (set.extent[2] - left || 1);
  const group = svgElement("g", { transform: `translate(${x.toFixed(1)} ${y})` });
  const clip = `clip-${kind}`;
  const path = svgElement("clipPath", { id: clip });
  path.append(svgElement("rect", { width: wide, height: tall }));
  const map = svgElement("g", { "clip-path": `url(#${clip})` });
  const { width, height } = record.meta.image;
  const href = thePicture()?.src ?? "";
  if (href) map.append(svgElement("image", { href, x: -left * scale, y: -top * scale, width: width * scale, height: height * scale, preserveAspectRatio: "none", opacity: look.dark ? 0.34 : 0.4 }));
  for (const t of set.positions) {
    const { rgb, alpha } = mapColour(values[record.patchNumber.get(t) ?? -1], look);
    if (alpha < 0.004) continue;
    const [l, u, r, d] = boxOf(record, t);
    map.append(svgElement("rect", { x: ((l - left) * scale).toFixed(2), y: ((u - top) * scale).toFixed(2), width: ((r - l) * scale).toFixed(2), height: ((d - u) * scale).toFixed(2), fill: `rgb(${rgb.join(",")})`, "fill-opacity": alpha.toFixed(3) }));
  }
  group.append(path,
    svgElement("text", { x: 0, y: -10, "font-size": 15, "font-weight": 650, fill: ink }, `${"abc"[KINDS.indexOf(kind)]}  ${TITLES[kind]}`),
    map, svgElement("rect", { width: wide, height: tall, fill: "none", stroke: ink, "stroke-opacity": 0.3 }),
    ...scaleBar(look, tall + 8, wide, ink),
    ...captionLines(kind, record, word, layer, wide).map((line, n) => svgElement("text", { x: 0, y: tall + 46 + n * LINE, "font-size": 11.5, fill: ink }, xmlText(line))));
  return group;
}

/** @param {MapLook} look @param {number} y @param {number} wide @param {string} ink */
function scaleBar(look, y, wide, ink) {
  const steps = 48;
  const at = (/** @type {number} */ n) => (look.signed ? look.limit * ((2 * n) / (steps - 1) - 1) : (look.limit * n) / (steps - 1));
  const cells = Array.from({ length: steps }, (_, n) => {
    const { rgb, alpha } = mapColour(at(n), look);
    return svgElement("rect", { x: ((n * wide) / steps).toFixed(2), y, width: (wide / steps + 0.3).toFixed(2), height: 8, fill: `rgb(${rgb.join(",")})`, "fill-opacity": alpha.toFixed(3) });
  });
  const ends = look.signed ? [-look.limit, 0, look.limit] : [0, look.limit / 2, look.limit];
  const anchors = ["start", "middle", "end"];
  return [...cells, svgElement("rect", { x: 0, y, width: wide, height: 8, fill: "none", stroke: ink, "stroke-opacity": 0.3 }),
    ...ends.map((value, n) => svgElement("text", { x: (n * wide) / 2, y: y + 21, "font-size": 10.5, "text-anchor": anchors[n], fill: ink }, formatNumber(value)))];
}
