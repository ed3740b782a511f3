/**
 * The dialog of distances: a chart for the patches and one for the text, the values of the layer that
 * is pointed at or shown, and by which layer half of the patches have their final word.
 */
import { byId, childrenOf, cloneAll, cloneOne, clonesIn, hit, part } from "../core/dom.js";
import { formatCount } from "../core/format.js";
import { wireDialog } from "../page/dialog.js";
import { chartLayerAt } from "../pinned/chart.js";
import { slideByKeys } from "../pinned/input.js";
import { distanceOf, halfSentence } from "./distance.js";
import { distanceParts, lensColour, quartilesText } from "./distance_chart.js";
import { lensAbout } from "./switch.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Plot } from "../pinned/chart.js" */
/** @import { DistanceGroup } from "./distance.js" */

const DISTANCE_HEIGHT = 250;

/**
 * @param {HTMLElement} button
 * @param {LensPage} record
 * @param {State} state
 */
export function mountDistance(button, record, state) {
  button.hidden = !record.hasKl || record.L < 2;
  if (button.hidden) return;
  const dialog = byId("distance-dialog", HTMLDialogElement);
  dialog.append(cloneAll("distance-frame"));
  wireDialog(button, dialog);
  const pane = new DistancePane(dialog, record, state);
  new ResizeObserver(() => { if (dialog.open) pane.draw(); }).observe(part(dialog, ".distance-charts"));
  dialog.addEventListener("pointermove", (event) => pane.point(event));
  dialog.addEventListener("click", (event) => pane.take(event));
  dialog.addEventListener("keydown", (event) => pane.key(event));
  state.on(["layer", "dark"], (changed) => {
    if (!dialog.open) return;
    if (changed.has("dark")) pane.draw();
    pane.read(-1);
  });
}

class DistancePane {
  /** Worked out when it is first opened. @type {{group: DistanceGroup, card: HTMLElement, plot: Plot|null}[]} */
  #charts = [];
  #most = 1;
  #pointed = -1;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.root = root;
    this.#record = record;
    this.#state = state;
  }

  #make() {
    const record = this.#record;
    const { groups, most } = distanceOf(record);
    this.#most = most;
    this.#charts = groups.map((group) => ({ group, card: distanceCard(record, group), plot: null }));
    part(this.root, ".distance-charts").append(...this.#charts.map(({ card }) => card));
    part(this.root, ".distance-half").textContent = halfSentence(record);
    const notes = record.lensNames.flatMap((_, n) => lensAbout(record, n).note ?? []);
    clonesIn(part(this.root, ".distance-notes"), "distance-note", notes.length).forEach((item, n) => { item.textContent = notes[n]; });
  }

  draw() {
    if (!this.#charts.length) this.#make();
    const dark = this.#state.get("dark");
    for (const chart of this.#charts) {
      const svg = part(chart.card, "svg", SVGElement);
      const size = { width: Math.max(200, part(chart.card, ".plot").clientWidth), height: DISTANCE_HEIGHT };
      const { parts, plot } = distanceParts(this.#record, chart.group, this.#most, dark, size);
      chart.plot = plot;
      for (const [name, value] of Object.entries(size)) svg.setAttribute(name, String(value));
      svg.replaceChildren(...parts);
      childrenOf(part(chart.card, ".distance-values")).forEach((line, n) => { childrenOf(line)[0].style.background = lensColour(n, dark); });
    }
    this.read();
  }

  /** The values at the layer that is pointed at, or else shown. @param {number} [pointed] or −1 for none */
  read(pointed = this.#pointed) {
    this.#pointed = pointed;
    const layer = pointed < 0 ? this.#state.get("layer") : pointed;
    for (const { group, card, plot } of this.#charts) {
      if (!plot) continue;
      for (const end of ["x1", "x2"]) part(card, ".chart-now", SVGElement).setAttribute(end, String(plot.x(layer)));
      part(card, ".distance-layer").textContent = `median (quartiles) at ${this.#record.layerName(layer)}`;
      const texts = group.lenses.map(({ quartiles }) => quartilesText(quartiles[layer]));
      childrenOf(part(card, ".distance-values")).forEach((line, n) => { childrenOf(line)[2].textContent = texts[n]; });
      const slider = part(card, ".plot");
      slider.setAttribute("aria-valuenow", String(layer));
      slider.setAttribute("aria-valuetext", `${this.#record.layerName(layer)}: ${group.lenses.map(({ name }, n) => `${name} ${texts[n]}`).join(", ")}`);
    }
  }

  /** @param {MouseEvent} event @returns {number} −1 for none */
  #layerAt(event) {
    const card = hit(event, ".plot")?.closest(".distance-chart");
    return card instanceof HTMLElement ? chartLayerAt(card, this.#record, event.clientX) : -1;
  }

  /** @param {MouseEvent} event */
  point(event) {
    const layer = this.#layerAt(event);
    if (layer !== this.#pointed) this.read(layer);
  }

  /** A click shows the layer, everywhere. @param {MouseEvent} event */
  take(event) {
    const layer = this.#layerAt(event);
    if (layer >= 0) this.#state.set({ layer });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!hit(event, ".plot")) return;
    const now = this.#pointed < 0 ? this.#state.get("layer") : this.#pointed;
    slideByKeys(event, now, this.#record.L - 1, (layer) => this.read(layer), (layer) => this.#state.set({ layer }));
  }
}

/** @param {LensPage} record @param {DistanceGroup} group */
function distanceCard(record, { name, count, lenses }) {
  const card = cloneOne("distance-chart");
  part(card, "h3").textContent = name;
  part(card, ".distance-count").textContent = formatCount(count, "position");
  const plot = part(card, ".plot");
  plot.style.height = `${DISTANCE_HEIGHT}px`;
  plot.setAttribute("aria-label", `KL to the final layer, ${name}, over the layers`);
  plot.setAttribute("aria-valuemin", "0");
  plot.setAttribute("aria-valuemax", String(record.L - 1));
  clonesIn(part(card, ".distance-values"), "distance-value", lenses.length).forEach((line, n) => { childrenOf(line)[1].textContent = lenses[n].name; });
  return card;
}
