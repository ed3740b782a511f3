/**
 * The panel of a marked region: its tokens at the shown layer, its best token at every layer.
 */
import { childrenOf, cloneAll, clonesIn, hit, part, writeToken } from "../core/dom.js";
import { formatCount, formatProb } from "../core/format.js";
import { inSlices } from "../core/work.js";
import { regionTop } from "./region_sum.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { RegionToken } from "./region_sum.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountRegion(root, record, state) {
  root.hidden = true;
  root.append(cloneAll("region-frame"));
  part(root, ".region-note").textContent = `mean p; outside a patch's top ${record.K} only “≤ its #${record.K}” is known, hence bounds`;
  const panel = new RegionPanel(root, record, state);
  root.addEventListener("click", (event) => panel.click(event));
  state.on(["region", "lens"], () => panel.follow());
  state.on(["layer", "tokens"], (changed) => {
    if (root.hidden) return;
    panel.drawTokens();
    if (changed.has("layer")) panel.revealRow();
  });
}

class RegionPanel {
  #stop = () => {};

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.root = root;
    this.record = record;
    this.state = state;
    this.title = part(root, "h2");
    this.tokens = part(root, ".region-tokens");
    this.rows = part(root, "tbody");
  }

  /** The region changed. */
  follow() {
    this.#stop();
    this.root.hidden = this.state.get("region").length === 0;
    document.body.classList.toggle("has-region", !this.root.hidden);
    if (this.root.hidden) return;
    this.#drawRows();
    this.drawTokens();
    this.revealRow();
  }

  drawTokens() {
    const { record, state } = this;
    const [region, layer, chosen] = [state.get("region"), state.get("layer"), state.get("tokens")];
    const best = regionTop(record, region, layer, 8);
    const scale = Math.max(1e-12, ...best.map((one) => one.high));
    clonesIn(this.tokens, "region-token", best.length).forEach((item, n) => {
      const { token, low, high, cells } = best[n];
      const button = part(item, "button");
      const [text, bar, number] = childrenOf(button);
      writeToken(text, record.text(token));
      const [sure, unsure] = childrenOf(bar);
      sure.style.width = `${(100 * low) / scale}%`;
      unsure.style.width = `${(100 * (high - low)) / scale}%`;
      number.textContent = meanOf(best[n]);
      button.dataset.token = String(record.id(token));
      button.setAttribute("aria-pressed", String(chosen.includes(record.id(token))));
      button.title = `In the top ${record.K} of ${cells} of ${formatCount(region.length, "patch", "patches")}. Click maps this token over the image.`;
    });
    this.title.textContent = `${formatCount(region.length, "patch", "patches")} · ${record.layerName(layer)}`;
    for (const row of childrenOf(this.rows)) row.classList.toggle("current", Number(row.dataset.layer) === layer);
  }

  /** The shown layer, in the middle of the list. */
  revealRow() {
    const list = part(this.root, ".region-layers");
    const row = childrenOf(this.rows)[this.state.get("layer")];
    if (row) list.scrollTop = row.offsetTop - (list.clientHeight - row.offsetHeight) / 2;
  }

  #drawRows() {
    const { record, state } = this;
    const region = state.get("region");
    const rows = clonesIn(this.rows, "region-layer", record.L);
    rows.forEach((row, l) => {
      const button = part(row, "button");
      row.dataset.layer = String(l);
      button.textContent = String(record.layers[l]);
      button.title = `Show ${record.layerName(l)}`;
      // numbers of the region before must not stand beside this one's
      for (const cell of row.querySelectorAll("td")) cell.textContent = "";
    });
    const first = state.get("layer"); // what is in sight first
    this.#stop = inSlices(record.L, (n) => {
      const l = (first + n) % record.L;
      const [best] = regionTop(record, region, l, 1);
      const [, text, mean] = childrenOf(rows[l]);
      writeToken(text, record.text(best.token));
      mean.textContent = meanOf(best);
    });
  }

  /** @param {Event} event */
  click(event) {
    const { state } = this;
    const button = hit(event, "button", HTMLButtonElement);
    if (!button) return;
    const row = button.closest("tr");
    if (button.name === "clear") state.set({ region: [] });
    else if (button.dataset.token) {
      const id = Number(button.dataset.token);
      const alone = state.get("tokens").length === 1 && state.get("tokens")[0] === id;
      state.set({ tokens: alone ? [] : [id] });
    } else if (row) state.set({ layer: Number(row.dataset.layer) });
  }
}

/** Both bounds, or one number where they print alike. @param {RegionToken} token */
function meanOf({ low, high }) {
  const [least, most] = [formatProb(low), formatProb(high)];
  return least === most ? least : `${least}–${most}`;
}
