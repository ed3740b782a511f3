/**
 * One small map of the image per layer, all on one canvas; click shows that layer.
 */
import { shadeRgb } from "../core/colour.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { drawOnce, inSlices } from "../core/work.js";
import { imageColours, rgbOf } from "../image/colours.js";
import { patchSet } from "../image/map.js";
import { mapPixels, stripLayer, stripLayout } from "./strip_map.js";

const STRIP_LOOK = { gap: 4, label: 12, least: 15, most: 150, paper: 240 };

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountLayerStrip(root, record, state) {
  root.hidden = record.placed.length === 0 || record.L < 2;
  if (root.hidden) return;
  root.append(document.getElementById("strip-frame").content.cloneNode(true));
  const [sheet, canvas, current] = [".strip-sheet", "canvas", ".strip-current"].map((name) => root.querySelector(name));
  const pen = canvas.getContext("2d");
  let layout = null;
  let stop = () => {};
  let density = 1;
  let colours = {};
  canvas.setAttribute("aria-label", `The patches at all ${record.L} layers, one small map each. The slider chooses the layer.`);

  const corner = (l) => [(l % layout.columns) * layout.stepX, Math.floor(l / layout.columns) * layout.stepY];

  const paint = drawOnce(() => {
    stop();
    if (!layout) return;
    const set = patchSet(record, state.get("view"));
    const quantity = quantityNow(record, state);
    const dark = state.get("dark");
    const unknown = rgbOf(colours.unknown);
    const [width, height] = [Math.round(layout.width * density), Math.round(layout.height * density)];
    const pixels = mapPixels(set, width, height);
    const image = pen.createImageData(width, height);
    const rgb = new Uint32Array(set.positions.length);
    const words = new Uint32Array(image.data.buffer);
    const pack = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
    const shownPatches = Uint32Array.from(new Set(pixels.filter((n) => n >= 0)));
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.font = `${9.5 * density}px ${colours.family}`;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    const every = layout.width >= 17 ? 1 : 2;
    const paintLayer = (l) => {
      for (const n of shownPatches) {
        const shade = quantity.shade(l, set.positions[n]);
        rgb[n] = shade >= 0 ? pack(shadeRgb(shade, dark)) : shade === -1 ? pack(unknown) : 0;
      }
      for (let at = 0; at < pixels.length; at += 1) words[at] = pixels[at] < 0 ? 0 : rgb[pixels[at]];
      const [x, y] = corner(l).map((length) => Math.round(length * density));
      pen.putImageData(image, x, y);
      pen.strokeStyle = colours.line;
      pen.lineWidth = 1;
      pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
      pen.fillStyle = colours.inkSoft;
      if (l % every === 0) pen.fillText(record.layers[l], x + width / 2, y + height + 2 * density);
      root.dataset.painted = l + 1;
    };
    if (state.get("paper")) record.layers.forEach((_, l) => paintLayer(l)); // it does not wait
    else stop = inSlices(record.L, paintLayer);
  });

  function resize() {
    const set = patchSet(record, state.get("view"));
    const [left, top, right, bottom] = set.extent;
    const room = { width: root.clientWidth - 20, height: state.get("paper") ? STRIP_LOOK.paper : root.clientHeight - 8 };
    if (room.width < 20 || room.height < 8) return;
    density = Math.min(3, Math.max(state.get("paper") ? 2 : 1, devicePixelRatio || 1));
    layout = stripLayout(record.L, (right - left) / (bottom - top || 1), room, STRIP_LOOK);
    const wide = Math.min(layout.columns, record.L) * layout.stepX - STRIP_LOOK.gap;
    canvas.width = Math.round(wide * density);
    canvas.height = Math.round(layout.tall * density);
    for (const element of [sheet, canvas]) Object.assign(element.style, { width: `${wide}px`, height: `${layout.tall}px` });
    paint();
    markCurrent();
  }

  function markCurrent() {
    if (!layout) return;
    const [x, y] = corner(state.get("layer"));
    Object.assign(current.style, { left: `${x}px`, top: `${y}px`, width: `${layout.width}px`, height: `${layout.height}px` });
    Object.assign(root.dataset, { columns: layout.columns, stepX: layout.stepX, stepY: layout.stepY, width: layout.width, height: layout.height });
    if (layout.fits) return;
    const [low, high] = [y - root.scrollTop, y + layout.height + STRIP_LOOK.label - root.scrollTop];
    if (low < 0) root.scrollTop += low;
    else if (high > root.clientHeight) root.scrollTop += high - root.clientHeight + 4;
  }

  function layerAt(event) {
    const edge = canvas.getBoundingClientRect();
    return layout ? stripLayer(layout, record.L, event.clientX - edge.left, event.clientY - edge.top) : -1;
  }
  sheet.addEventListener("click", (event) => {
    const layer = layerAt(event);
    if (layer >= 0) state.set({ layer, playing: false });
  });
  sheet.addEventListener("pointermove", (event) => {
    const layer = layerAt(event);
    canvas.title = layer < 0 ? "" : record.layerName(layer);
  });

  new ResizeObserver(resize).observe(root);
  state.on(["dark", ...QUANTITY_KEYS], (changed) => {
    if (changed.has("dark")) colours = imageColours(root);
    paint();
  });
  state.on(["view", "paper"], resize);
  state.on(["layer"], markCurrent);
}
