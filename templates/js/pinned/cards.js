/**
 * A chart for each pinned position, side by side, the newest first, with the same vertical axis and
 * colours.
 */
import { cloneOne, part } from "../core/dom.js";
import { formatCount, formatProb } from "../core/format.js";
import { drawPatchThumb } from "../image/thumb.js";
import { CHART, drawChart, readChart } from "./chart.js";
import { tellPosition } from "./together.js";
/** @import { PinnedPosition } from "../core/pins.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Plot } from "./chart.js" */
/** @import { ChartModel } from "./chart_data.js" */
/** @import { PinnedView } from "./together.js" */

const CARD = { gap: 8, least: 112, whole: 170, most: 260 };

/**
 * @param {LensPage} record
 * @param {{pin: PinnedPosition, model: ChartModel}[]} pinned as they are to be listed
 * @param {State} state
 * @returns {PinnedView}
 */
export function pinnedCards(record, pinned, state) {
  const root = cloneOne("pinned-cards");
  /** @type {{element: HTMLElement, model: ChartModel, plot: Plot|null}[]} plot: null until it is drawn */
  const cards = pinned.map(({ pin, model }) => ({ element: pinnedCard(record, pin, model, state), model, plot: null }));
  root.append(...cards.map((card) => card.element));
  return {
    root,
    layOut({ height: room }) {
      const lines = Math.ceil(cards.length / getComputedStyle(root).gridTemplateColumns.split(" ").length);
      const head = CARD.gap + Math.max(...cards.map(({ element }) => part(element, "header").offsetHeight + part(element, ".card-story").offsetHeight));
      // all in sight if that can be, else a whole one
      const fits = Math.min(room - head, Math.max(CARD.whole, room / lines - head));
      for (const card of cards) {
        const { element, model } = card;
        const width = Math.max(120, part(element, ".chart").clientWidth - part(element, ".chart-labels").offsetWidth);
        const wanted = state.get("paper") ? CHART.paper : Math.min(Math.max(CARD.most, width * 0.42), fits);
        const height = Math.max(CARD.least, model.series.length * CHART.label + 18, wanted);
        card.plot = drawChart(element, model, state.get("dark"), { width, height });
      }
    },
    read(layer) {
      for (const { element, model, plot } of cards) if (plot) readChart(element, model, state.get("dark"), plot, layer);
    },
  };
}

/** @param {LensPage} record @param {PinnedPosition} pin @param {ChartModel} model @param {State} state */
function pinnedCard(record, { number, position: t, layers }, model, state) {
  const card = cloneOne("pinned-card");
  const [title, note] = [part(card, "h3"), part(card, ".card-note")];
  card.dataset.position = String(t);
  part(card, ".pin-badge").textContent = String(number);
  title.textContent = record.label(t);
  title.classList.toggle("token", record.kind(t) !== 1);
  const place = record.place(t);
  note.textContent = `${place ? `row ${place.row}, column ${place.column}` : `position ${t}`}, at ${[...new Set(layers)].map((l) => record.layers[l]).join(", ")}`;
  note.title = `${note.textContent}${model.more ? `; ${formatCount(model.more, "more token")} never above ${formatProb(model.moreBest)}` : ""}`;
  tellPosition(part(card, ".card-story"), record, t, layers, state.get("tokens"));
  drawPatchThumb(part(card, ".thumb", HTMLCanvasElement), record, t);
  part(card, ".card-unpin").setAttribute("aria-label", `Unpin ${record.label(t)}`);
  const plot = part(card, ".plot");
  plot.setAttribute("aria-label", `${record.label(t)}, tokens over the layers`);
  plot.setAttribute("aria-valuemin", "0");
  plot.setAttribute("aria-valuemax", String(record.L - 1));
  return card;
}
