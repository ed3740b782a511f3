/**
 * The layer shown on the image: slider, play, and the mean of the patches over the layers.
 */
import { formatCount, formatNumber } from "../core/format.js";
import { QUANTITY_KEYS, quantityNow } from "../core/quantity.js";
import { inSlices } from "../core/work.js";
import { patchSet } from "../image/map.js";
import { layerMean } from "./strip_map.js";

const PLAYER_SPEEDS = [1, 2, 4, 8, 16];
const PLAYER_THUMB = 16; // pixels, as in image.css

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountLayerPlayer(root, record, state) {
  root.append(document.getElementById("player-frame").content.cloneNode(true));
  const [play, means, slider, ticks, name, mean, speed] = [".player-play", ".player-means", ".player-slider", ".player-ticks", ".player-layer", ".player-mean", "select"]
    .map((selector) => root.querySelector(selector));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const last = record.L - 1;
  let timer = 0;
  /** @type {ReturnType<typeof layerMean>[]} by layer, filled little by little */
  let known = [];
  let stop = () => {};

  speed.append(...PLAYER_SPEEDS.map((n) => new Option(`${n}/s`, String(n), false, n === (still ? 1 : 4))));
  slider.max = String(last);
  root.classList.toggle("single", last === 0);

  function step() {
    timer = 0;
    if (!state.get("playing")) return;
    if (state.get("layer") >= last) {
      state.set({ playing: false });
      return;
    }
    state.set({ layer: state.get("layer") + 1 });
    timer = setTimeout(step, 1000 / Number(speed.value));
  }

  function follow() {
    const playing = state.get("playing");
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? "Pause" : "Play the layers");
    play.setAttribute("aria-pressed", String(playing));
    clearTimeout(timer);
    timer = 0;
    if (!playing || last === 0) return;
    if (state.get("layer") >= last) state.set({ layer: 0 }); // from the start again
    timer = setTimeout(step, 1000 / Number(speed.value));
  }

  const at = (l) => (last ? l / last : 0);

  function drawMeans() {
    // against the highest layer: a token that few patches hold would be a flat line else
    const most = Math.max(1e-9, ...known.map((one) => one.shade || 0));
    const points = known.map((one, l) => [at(l) * 100, 25 - (23 * one.shade) / most]).filter(([, y]) => !Number.isNaN(y));
    const path = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
    means.querySelector(".line").setAttribute("points", path);
    means.querySelector(".area").setAttribute("points", points.length ? `${points[0][0]},26 ${path} ${points.at(-1)[0]},26` : "");
    drawLayer();
  }

  function drawLayer() {
    const layer = state.get("layer");
    const now = known[layer];
    slider.value = String(layer);
    slider.setAttribute("aria-valuetext", record.layerName(layer));
    name.textContent = record.layerName(layer);
    for (const side of ["x1", "x2"]) means.querySelector(".mark").setAttribute(side, String(100 * at(layer)));
    mean.textContent = meanText(now, quantityNow(record, state).mode);
  }

  function meanText(now, mode) {
    if (!now?.count) return "";
    if (mode === "agree" || mode === "rank") return `${now.known} of ${now.count}`;
    if (now.known === now.count) return `mean ${formatNumber(now.value)}`;
    return `in ${formatCount(now.known, "patch", "patches")}`;
  }

  function measure() {
    stop();
    known = [];
    if (record.placed.length === 0) {
      drawMeans();
      return;
    }
    const quantity = quantityNow(record, state);
    const { positions } = patchSet(record, state.get("view"));
    root.title = quantity.ticks.length ? `The line: mean of the patches on the colour scale, layer by layer, against its highest layer; unknown counts as the bottom. ${quantity.title}` : "";
    stop = inSlices(record.L, (l) => { known[l] = layerMean(quantity, positions, l); }, drawMeans);
  }

  /** As many layer numbers as there is room for, first and last always. */
  function drawTicks() {
    const room = Math.max(60, ticks.clientWidth - PLAYER_THUMB);
    const fits = [1, 2, 4, 5, 8, 10, 16, 20, 25, 40, 50, 100].filter((n) => (room / Math.max(1, last)) * n >= 26);
    const every = fits.slice(0, 3).find((n) => last % n === 0) ?? fits[0] ?? 200;
    const shown = record.layers.map((_, l) => l).filter((l) => l === last || (l % every === 0 && (last - l) >= every * 0.7));
    ticks.replaceChildren(...shown.map((l) => {
      const tick = document.createElement("span");
      tick.textContent = String(record.layers[l]);
      tick.style.left = `calc(${PLAYER_THUMB / 2}px + (100% - ${PLAYER_THUMB}px) * ${at(l)})`;
      return tick;
    }));
  }

  play.addEventListener("click", () => state.set({ playing: !state.get("playing") }));
  slider.addEventListener("input", () => state.set({ layer: Number(slider.value), playing: false }));
  new ResizeObserver(drawTicks).observe(ticks);
  state.on(["playing"], follow);
  state.on(["layer"], drawLayer);
  state.on(["paper"], drawTicks);
  state.on(["view", ...QUANTITY_KEYS], measure);
}
