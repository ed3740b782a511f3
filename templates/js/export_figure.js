/**
 * The figure menu: picture, patches in their colours, legend and caption as one SVG or PNG.
 */
/* global wireMenu, saveBlob, exportName, svgElement, quantityNow, shadeFill, shadeInk, figureLines,
   figureCaption, figurePatches, xmlText, checkVerdict */

const FIGURE_WIDTH = 960;
const FIGURE_LEAST = 360; // room for the caption beside a small picture

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountExportFigure(root, record, state) {
  const need = () => (document.getElementById("picture")?.naturalWidth ? "" : "this record has no picture");
  const name = (ending) => exportName(record, `${record.layerName(state.get("layer"))}-${quantityNow(record, state).mode}`, ending);
  const save = (words, png) => async () => {
    const { svg, width, height } = figureSvg(record, state, words);
    const text = new XMLSerializer().serializeToString(svg);
    if (!png) saveBlob(new Blob([text], { type: "image/svg+xml" }), name(".svg"));
    else saveBlob(await figurePng(text, width, height), name(".png"));
  };
  wireMenu(root, "figure", [
    { label: "PNG", note: "this layer, colours and tokens", ready: need, run: save(false, true) },
    { label: "PNG with words", note: "and the top token of every patch", ready: need, run: save(true, true) },
    { label: "SVG", note: "for print, editable", ready: need, run: save(false, false) },
    { label: "SVG with words", note: "and the top token of every patch", ready: need, run: save(true, false) },
  ]);
}

/**
 * @param {LensPage} record
 * @param {object} state
 * @param {boolean} words the top token of every patch is written on it
 */
function figureSvg(record, state, words) {
  const picture = document.getElementById("picture");
  const [imageWidth, imageHeight] = [record.meta.image.width, record.meta.image.height];
  const scale = Math.min(FIGURE_WIDTH / imageWidth, 1200 / imageHeight);
  const [drawnWidth, drawnHeight] = [imageWidth * scale, imageHeight * scale];
  const width = Math.max(FIGURE_LEAST, drawnWidth);
  const quantity = quantityNow(record, state);
  const layer = state.get("layer");
  const dark = state.get("dark");
  const [paper, ink] = dark ? ["#191d24", "#e8ebf0"] : ["#ffffff", "#14181f"];
  const patches = figurePatches(record, quantity, { layer, view: state.get("view"), scale });
  const svg = svgElement("svg", { width, "font-family": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", "font-size": 13 });
  const overlay = svgElement("g", { transform: `translate(${(width - drawnWidth) / 2} 0)` });
  overlay.append(svgElement("image", { href: picture.src, width: drawnWidth, height: drawnHeight, preserveAspectRatio: "none" }), ...figureDim(record, scale, drawnWidth, drawnHeight),
    ...patches.flatMap((patch) => figurePatch(patch, dark, words)));
  let y = drawnHeight + 22;
  const legend = quantity.ticks.length ? figureLegend(record, quantity, dark, ink, y, width) : null;
  if (legend) y += 62;
  const lines = figureCaption(record, { layer, view: state.get("view"), title: quantity.title, verdict: checkVerdict(record) })
    .flatMap((sentence) => figureLines(sentence, Math.floor((width - 32) / 6.6)));
  const caption = lines.map((line, n) => svgElement("text", { x: 16, y: y + 18 * n, fill: ink }, xmlText(line)));
  const height = y + 18 * lines.length + 6;
  svg.setAttribute("height", height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.append(svgElement("title", {}, xmlText(`${record.meta.image.name}: ${quantity.title}, ${record.layerName(layer)}`)), figureDefs(dark),
    svgElement("rect", { width, height, fill: paper }), overlay, ...(legend ? [legend] : []), ...caption);
  return { svg, width, height };
}

function figureDefs(dark) {
  const hatch = svgElement("pattern", { id: "below", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(svgElement("rect", { width: 6, height: 6, fill: dark ? "#262b34" : "#eceef1" }), svgElement("rect", { width: 1.4, height: 6, fill: dark ? "#5a6575" : "#aab2bd" }));
  const ramp = svgElement("linearGradient", { id: "scale" });
  for (let n = 0; n <= 16; n += 1) ramp.append(svgElement("stop", { offset: n / 16, "stop-color": shadeFill(n / 16, dark) }));
  const defs = svgElement("defs");
  defs.append(hatch, ramp);
  return defs;
}

/** What the model did not see is dimmed. */
function figureDim(record, scale, width, height) {
  const { crop } = record.meta;
  if (!Array.isArray(crop) || crop.length !== 4) return [];
  const [left, top, right, bottom] = crop.map((x) => x * scale);
  return [svgElement("path", { d: `M0 0H${width}V${height}H0ZM${left} ${top}V${bottom}H${right}V${top}Z`, fill: "#000", "fill-opacity": 0.55, "fill-rule": "evenodd" })];
}

function figurePatch({ x, y, width, height, shade, word, size }, dark, words) {
  if (shade === -2 && !words) return [];
  const fill = shade === -1 ? "url(#below)" : shade === -2 ? "#000" : shadeFill(shade, dark);
  const parts = [svgElement("rect", { x: x.toFixed(2), y: y.toFixed(2), width: width.toFixed(2), height: height.toFixed(2), fill, "fill-opacity": shade === -2 ? 0.35 : shade === -1 ? 0.32 : words ? 0.82 : 0.7 })];
  if (words && word) {
    const ink = shade === -2 ? "#fff" : shade === -1 ? (dark ? "#fff" : "#000") : shadeInk(shade, dark);
    parts.push(svgElement("text", { x: (x + width / 2).toFixed(2), y: (y + height / 2 + size * 0.35).toFixed(2), "text-anchor": "middle", "font-size": size.toFixed(1), "font-family": "ui-monospace, Menlo, 'DejaVu Sans Mono', monospace", fill: ink, "paint-order": "stroke", stroke: ink === "#fff" || ink === shadeInk(1, false) ? "#000" : "#fff", "stroke-width": 2, "stroke-opacity": 0.45 }, xmlText(word)));
  }
  return parts;
}

function figureLegend(record, quantity, dark, ink, y, width) {
  const group = svgElement("g", { fill: ink });
  const length = Math.min(420, width - 32);
  group.append(svgElement("text", { x: 16, y }, xmlText(figureLines(quantity.title, Math.floor((width - 32) / 7), 1)[0] ?? "")),
    svgElement("rect", { x: 16, y: y + 8, width: length, height: 11, fill: "url(#scale)", stroke: ink, "stroke-opacity": 0.3 }),
    ...quantity.ticks.map((tick) => svgElement("text", { x: 16 + tick.at * length, y: y + 33, "font-size": 11, "text-anchor": tick.at < 0.02 ? "start" : tick.at > 0.98 ? "end" : "middle" }, xmlText(tick.text))));
  if (record.placed.some((t) => record.layers.some((_, l) => quantity.below(l, t)))) {
    const [left, top] = width > length + 250 ? [length + 40, y + 8] : [16, y - 30];
    if (width > length + 250) {
      group.append(svgElement("rect", { x: left, y: top, width: 22, height: 11, fill: "url(#below)", stroke: ink, "stroke-opacity": 0.3 }),
        svgElement("text", { x: left + 30, y: top + 10, "font-size": 11 }, `outside the top ${record.K}: unknown, not zero`));
    }
  }
  return group;
}

/** The SVG drawn on a canvas, at twice its size. */
async function figurePng(text, width, height) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const scale = Math.min(2, 8192 / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser gave no picture"))), "image/png");
  });
}
