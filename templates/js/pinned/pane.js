/**
 * The pinned positions: one chart each, side by side, the newest first, with the same vertical axis
 * and colours. The pane can be enlarged at the cost of the grid; that is of this pane alone.
 */
import { LINES } from "../core/colour.js";
import { formatCount, formatProb } from "../core/format.js";
import { drawPatchThumb } from "../image/thumb.js";
import { anchorTooltip } from "../page/tooltip.js";
import { CHART, chartLayerAt, drawChart, readChart } from "./chart.js";
import { chartModels } from "./chart_data.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountPinnedPane(root, record, state) {
  const [tools, body] = ["#pinned-toolbar", "#pinned-body"].map((name) => root.querySelector(name));
  let cards = [];

  function fillTools() {
    const pinned = state.get("pins").length > 0;
    if (!pinned) tools.replaceChildren();
    else if (!tools.children.length) tools.append(document.getElementById("pinned-tools").content.cloneNode(true));
    if (!pinned) root.parentElement.classList.remove("pinned-large");
    for (const button of tools.querySelectorAll("[data-scale]")) button.setAttribute("aria-pressed", String(button.dataset.scale === state.get("scale")));
  }

  function rebuild(changed) {
    fillTools();
    const empty = state.get("pins").length === 0;
    root.classList.toggle("empty", empty);
    if (empty) {
      cards = [];
      body.replaceChildren(pinnedTour(record));
      return;
    }
    const focused = body.contains(document.activeElement) ? document.activeElement.closest(".card")?.dataset.position : undefined;
    const dark = state.get("dark");
    const last = new Map(state.get("pins").map((pin, n) => [pin.position, n]));
    const models = chartModels(record, state.all(), LINES.light.length).map((model) => ({ ...model, dark }))
      .sort((a, b) => last.get(b.position) - last.get(a.position));
    if (changed.has("pins") && models[0].position !== cards[0]?.model.position) body.scrollTop = 0;
    cards = models.map((model) => pinnedCard(record, model));
    body.replaceChildren(...cards);
    cards.forEach((card, n) => { card.model = models[n]; });
    layOut();
    if (focused) body.querySelector(`[data-position="${focused}"] .plot`)?.focus({ preventScroll: true });
  }

  function layOut() {
    if (!cards.length) return;
    const lines = Math.ceil(cards.length / getComputedStyle(body).gridTemplateColumns.split(" ").length);
    const room = body.clientHeight;
    // all in sight if that can be, else a whole one
    const fits = Math.min(room - 42, Math.max(170, room / lines - 40));
    for (const card of cards) {
      const labels = card.querySelector(".chart-labels");
      const width = Math.max(120, card.querySelector(".chart").clientWidth - labels.offsetWidth);
      const rows = card.model.series.length;
      const height = Math.max(112, rows * CHART.label + 14, state.get("paper") ? CHART.paper : Math.min(Math.max(260, width * 0.42), fits));
      drawChart(card, card.model, { width, height });
    }
    read();
  }

  function read() {
    if (!cards.length) return;
    const layer = state.get("hover")?.layer ?? state.get("layer");
    for (const card of cards) readChart(card, layer);
    const reading = tools.querySelector(".pinned-reading");
    if (reading) reading.textContent = `at ${record.layerName(layer)}`;
  }

  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.scale) state.set({ scale: button.dataset.scale });
    else if (button.matches(".pinned-grow")) {
      button.setAttribute("aria-pressed", String(root.parentElement.classList.toggle("pinned-large")));
    } else state.set({ pins: [] });
  });
  listenToCharts(body, record, state);
  new ResizeObserver(layOut).observe(body);
  state.on(["pins", "tokens", "scale", "dark"], rebuild);
  state.on(["paper"], layOut);
  state.on(["layer", "hover"], read);
}

function pinnedTour(record) {
  const tour = document.getElementById("pinned-tour").content.cloneNode(true);
  const answered = record.answerPositions.length > 0;
  tour.querySelector(".tour-answer").hidden = !answered;
  tour.querySelector(".tour-find").hidden = answered;
  return tour;
}

function pinnedCard(record, model) {
  const card = document.getElementById("pinned-card").content.firstElementChild.cloneNode(true);
  const { position: t, pinned } = model;
  const title = card.querySelector("h3");
  card.dataset.position = t;
  title.textContent = record.label(t);
  title.classList.toggle("token", record.kind(t) !== 1);
  const place = record.place(t);
  const note = card.querySelector(".card-note");
  note.textContent = [
    place ? `row ${place.row}, column ${place.column}` : `position ${t}`,
    `pinned at ${[...pinned].sort((a, b) => a - b).map((l) => record.layers[l]).join(", ")}`,
    ...(model.more ? [`${formatCount(model.more, "more token")} never above ${formatProb(model.moreBest)}`] : []),
  ].join(" · ");
  note.title = note.textContent;
  drawPatchThumb(card.querySelector(".thumb"), record, t);
  const unpin = card.querySelector(".card-unpin");
  unpin.setAttribute("aria-label", `Unpin ${record.label(t)}`);
  const plot = card.querySelector(".plot");
  plot.setAttribute("aria-label", `${record.label(t)}, tokens over the layers`);
  plot.setAttribute("aria-valuemin", 0);
  plot.setAttribute("aria-valuemax", record.L - 1);
  return card;
}

/** Pointer and keys of all charts. */
function listenToCharts(body, record, state) {
  const cellAt = (card, layer) => ({ layer, position: Number(card.dataset.position) });
  function hover(card, layer) {
    // the tooltip stands beside all charts, so that no line is hidden
    anchorTooltip(body.getBoundingClientRect());
    state.set({ hover: cellAt(card, layer) });
  }
  body.addEventListener("pointermove", (event) => {
    const plot = event.target.closest(".plot");
    if (plot) hover(plot.closest(".card"), chartLayerAt(plot.closest(".card"), event.clientX));
    else if (state.get("hover") && !event.target.closest(".chart")) state.set({ hover: null });
    const label = event.target.closest(".chart-label");
    const index = label?.dataset.index; // the token, in all charts
    for (const line of body.querySelectorAll(".chart-line")) line.classList.toggle("faded", index !== undefined && line.dataset.index !== index);
  });
  body.addEventListener("pointerleave", () => {
    state.set({ hover: null });
    for (const line of body.querySelectorAll(".faded")) line.classList.remove("faded");
  });
  body.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (!card) return;
    const label = event.target.closest(".chart-label");
    if (event.target.closest(".card-unpin")) {
      state.set({ pins: state.get("pins").filter((pin) => pin.position !== Number(card.dataset.position)), hover: null });
    } else if (label && Number(label.dataset.index) >= 0) {
      const id = record.id(Number(label.dataset.index));
      const only = state.get("tokens").length === 1 && state.get("tokens")[0] === id;
      state.set({ tokens: only ? [] : [id] });
    } else if (event.target.closest(".plot")) state.set({ layer: chartLayerAt(card, event.clientX) });
  });
  body.addEventListener("focusin", (event) => {
    if (event.target.matches(".plot:focus-visible")) hover(event.target.closest(".card"), state.get("layer"));
  });
  body.addEventListener("focusout", (event) => { if (event.target.matches(".plot")) state.set({ hover: null }); });
  body.addEventListener("keydown", (event) => {
    const plot = event.target.closest(".plot");
    if (!plot || event.ctrlKey || event.altKey || event.metaKey) return;
    const now = state.get("hover")?.layer ?? state.get("layer");
    const to = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: record.L - 1 }[event.key];
    if (to !== undefined) hover(plot.closest(".card"), Math.max(0, Math.min(record.L - 1, to)));
    else if (event.key === "Enter") state.set({ layer: now });
    else return;
    event.preventDefault();
  });
}
