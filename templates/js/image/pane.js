/**
 * The picture with patches coloured by the chosen quantity at the chosen layer, the words they
 * read as, and outlines for what is hovered, selected, pinned or marked. Input is in
 * image/input.js, zoom in image/zoom.js, painting in image/draw.js.
 */
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { drawOnce } from "../core/work.js";
import { imageColours, rgbOf } from "./colours.js";
import { paintOutline, paintPatches, paintRegion, paintUnseen, paintWords } from "./draw.js";
import { listenToImage } from "./input.js";
import { boxOnStage, patchSet } from "./map.js";
import { mountImageTools } from "./tools.js";
import { imageView } from "./view.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountImagePane(root, record, state) {
  const picture = root.querySelector("#picture");
  const notice = root.querySelector(".notice");
  const mapped = record.placed.length > 0;
  document.body.classList.toggle("no-image", !picture && !mapped);
  document.body.classList.toggle("no-patches", !mapped);
  if (!picture && !mapped) {
    if (notice && record.meta.note) notice.textContent = `${notice.textContent} ${record.meta.note}`;
    return;
  }
  notice?.remove();
  root.append(document.getElementById("image-frame").content.cloneNode(true));
  const frame = root.querySelector(".image-frame");
  const note = root.querySelector(".image-note");
  if (picture) {
    picture.draggable = false;
    frame.prepend(picture);
  }
  const view = imageView(record, state);
  root.style.setProperty("--aspect", String(Math.max(0.25, Math.min(4, view.size.width / view.size.height))));
  const canvases = [".image-patches", ".image-marks"].map((name) => frame.querySelector(name));
  const pens = canvases.map((canvas) => canvas.getContext("2d"));
  let density = 1;
  let colours = {};
  if (!mapped) frame.setAttribute("aria-label", "The picture: plus and minus zoom");
  mountImageTools(document.getElementById("image-toolbar"), record, state, view);
  listenToImage(frame, record, state, view);

  function place() {
    const { scale, x, y } = view.map();
    Object.assign(frame.dataset, { scale, x, y });
    frame.classList.toggle("zoomed", view.zoomed());
    frame.classList.toggle("marking", view.look.marking);
    if (!picture) return;
    picture.style.width = `${view.size.width * scale}px`;
    picture.style.height = `${view.size.height * scale}px`;
    picture.style.transform = `translate(${x}px, ${y}px)`;
    picture.classList.toggle("magnified", scale * view.size.width > 12 * (picture.naturalWidth || Infinity));
  }

  const deviceMap = () => {
    const { scale, x, y } = view.map();
    return { scale: scale * density, x: x * density, y: y * density };
  };
  function clear(pen) {
    // to a printer Chrome sends the strokes themselves, and erasing would arrive as white paint
    if (state.get("paper")) pen.canvas.width = Math.round(frame.clientWidth * density);
    else pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
  }

  /** What the chosen view shows of the picture. */
  function seenPart(set) {
    if (set.view > 0 || set.view === -1) return set.extent;
    return record.meta.crop?.length === 4 ? record.meta.crop : [0, 0, view.size.width, view.size.height];
  }

  const drawPatches = drawOnce(() => {
    const [pen] = pens;
    const set = patchSet(record, state.get("view"));
    const map = deviceMap();
    clear(pen);
    if (!mapped) return;
    const layer = state.get("layer");
    const quantity = quantityNow(record, state);
    const opacity = picture ? view.look.opacity : 1;
    paintPatches(pen, set, map, { quantity, layer, dark: state.get("dark"), opacity, density, unknown: rgbOf(colours.unknown), hatch: rgbOf(colours.lineStrong) });
    paintUnseen(pen, view.size, seenPart(set), map, colours.paper);
    if (view.look.words) paintWords(pen, record, set, map, { layer, density, colours, family: colours.family, only: quantity.tokens, zoomed: view.zoomed() });
    Object.assign(frame.dataset, { layer, view: set.view });
  });

  const drawMarks = drawOnce(() => {
    const pen = pens[1];
    const set = patchSet(record, state.get("view"));
    const map = deviceMap();
    clear(pen);
    if (!mapped) return;
    const halo = state.get("dark") ? "rgb(0 0 0 / 0.75)" : "rgb(255 255 255 / 0.9)";
    const outline = (position, style, away = 0) => {
      const box = record.box(position);
      if (box) paintOutline(pen, boxOnStage(map, box).map((side, n) => side + (n < 2 ? -away : away)), { halo, ...style });
    };
    paintRegion(pen, set, state.get("region"), map, { ink: colours.accent, halo, width: 1.5 * density });
    const pins = new Set(state.get("pins").map((pin) => pin.position));
    for (const position of pins) outline(position, { ink: colours.pin, width: 1.5 * density, dash: [3 * density, 2 * density] });
    const cell = state.get("cell");
    if (cell) outline(cell.position, { ink: colours.pin, width: 2.5 * density });
    const hover = state.get("hover");
    // around the outline of the selection, not over it
    if (hover) outline(hover.position, { ink: colours.accent, width: 2 * density }, hover.position === cell?.position ? 4 * density : 0);
    if (view.rubber) paintOutline(pen, boxOnStage(map, view.rubber), { ink: colours.accent, halo, width: density, dash: [5 * density, 3 * density] });
  });

  function sizeCanvases() {
    const [width, height] = [frame.clientWidth, frame.clientHeight];
    density = Math.min(3, Math.max(state.get("paper") ? 2 : 1, devicePixelRatio || 1));
    for (const canvas of canvases) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
    }
    view.resize({ width, height });
    place();
    drawPatches();
    drawMarks();
  }

  function describe() {
    const set = patchSet(record, state.get("view"));
    const [left, top, right, bottom] = seenPart(set);
    const whole = left < 1 && top < 1 && right > view.size.width - 1 && bottom > view.size.height - 1;
    const what = set.view > 0 ? `outside tile ${set.view}` : set.view === -1 ? "outside the tiles" : "not seen by the model";
    const why = !mapped ? record.meta.note || "The image's tokens have no known place on it, so there is nothing to colour."
      : whole || !picture ? "" : `dimmed: ${what}`;
    note.textContent = why.replace(/^no overlay: /, "No patches on the image: ");
    note.hidden = !why;
  }

  view.on(() => { place(); drawPatches(); drawMarks(); });
  new ResizeObserver(sizeCanvases).observe(frame);
  state.on(["dark"], () => { colours = imageColours(root); });
  state.on(["layer", "view", "dark", ...QUANTITY_KEYS], (changed) => {
    drawPatches();
    if (changed.has("view")) describe();
  });
  state.on(["hover", "cell", "pins", "region", "view", "dark"], drawMarks);
  state.on(["paper"], sizeCanvases); // the observer would be too late
}
