/**
 * The panel of a marked region: its tokens at the shown layer, its best token at every layer.
 */
import { formatCount, formatProb } from "../core/format.js";
import { inSlices } from "../core/work.js";
import { regionTop } from "./region_sum.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountRegion(root, record, state) {
  root.hidden = true;
  root.append(document.getElementById("region-frame").content.cloneNode(true));
  const [title, note, tokens, rows] = ["h2", ".region-note", ".region-tokens", "tbody"].map((name) => root.querySelector(name));
  const tokenTemplate = document.getElementById("region-token");
  const layerTemplate = document.getElementById("region-layer");
  let stop = () => {};

  /** Both bounds, or one number where they print alike. */
  function meanOf({ low, high }) {
    const [least, most] = [formatProb(low), formatProb(high)];
    return least === most ? least : `${least}–${most}`;
  }

  function drawTokens() {
    const region = state.get("region");
    const layer = state.get("layer");
    const best = regionTop(record, region, layer, 8);
    const chosen = state.get("tokens");
    const scale = Math.max(1e-12, ...best.map((one) => one.high));
    while (tokens.children.length > best.length) tokens.lastElementChild.remove();
    while (tokens.children.length < best.length) tokens.append(tokenTemplate.content.cloneNode(true));
    best.forEach((one, n) => {
      const button = tokens.children[n].firstElementChild;
      const [text, bar, number] = button.children;
      text.textContent = record.text(one.token);
      bar.children[0].style.width = `${(100 * one.low) / scale}%`;
      bar.children[1].style.width = `${(100 * (one.high - one.low)) / scale}%`;
      number.textContent = meanOf(one);
      button.dataset.token = record.id(one.token);
      button.setAttribute("aria-pressed", String(chosen.includes(record.id(one.token))));
      button.title = `In the top ${record.K} of ${one.cells} of ${formatCount(region.length, "patch", "patches")}. Click maps this token over the image.`;
    });
    title.textContent = `${formatCount(region.length, "patch", "patches")} · ${record.layerName(layer)}`;
    for (const row of rows.children) row.classList.toggle("current", Number(row.dataset.layer) === layer);
  }

  function drawRows() {
    stop();
    const region = state.get("region");
    while (rows.children.length < record.L) {
      const row = layerTemplate.content.firstElementChild.cloneNode(true);
      const l = rows.children.length;
      row.dataset.layer = l;
      row.querySelector("button").textContent = record.layers[l] === 0 ? "embed" : String(record.layers[l]);
      row.querySelector("button").title = `Show ${record.layerName(l)}`;
      rows.append(row);
    }
    // numbers of the region before must not stand beside this one's
    for (const cell of rows.querySelectorAll("td")) cell.textContent = "";
    const first = state.get("layer"); // what is in sight first
    stop = inSlices(record.L, (n) => {
      const l = (first + n) % record.L;
      const [best] = regionTop(record, region, l, 1);
      const [, text, mean] = rows.children[l].children;
      text.textContent = record.text(best.token);
      mean.textContent = meanOf(best);
    });
  }

  function revealRow() {
    const list = root.querySelector(".region-layers");
    const row = rows.children[state.get("layer")];
    if (!row) return;
    list.scrollTop = row.offsetTop - (list.clientHeight - row.offsetHeight) / 2;
  }

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.name === "clear") state.set({ region: [] });
    else if (button.dataset.token) {
      const id = Number(button.dataset.token);
      const alone = state.get("tokens").length === 1 && state.get("tokens")[0] === id;
      state.set({ tokens: alone ? [] : [id] });
    } else if (button.closest("tr")) state.set({ layer: Number(button.closest("tr").dataset.layer) });
  });

  note.textContent = `mean p; outside a patch's top ${record.K} only “≤ its #${record.K}” is known, hence bounds`;
  state.on(["region"], () => {
    root.hidden = state.get("region").length === 0;
    document.body.classList.toggle("has-region", !root.hidden);
    if (root.hidden) { stop(); return; }
    drawRows();
    drawTokens();
    revealRow();
  });
  state.on(["layer", "tokens"], (changed) => {
    if (root.hidden) return;
    drawTokens();
    if (changed.has("layer")) revealRow();
  });
}
