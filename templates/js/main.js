/**
 * Build the page: read the data, make the state, mount the panels, say so.
 */
import { mountAnswerChips } from "./answer/chips.js";
import { mountAnswerTable } from "./answer/table.js";
import { byId } from "./core/dom.js";
import { readPage } from "./core/payload.js";
import { State, hasNoAddress } from "./core/state.js";
import { mountExportData } from "./export/data.js";
import { mountExportFigure } from "./export/figure.js";
import { mountFinding } from "./find/finding.js";
import { mountFindToken } from "./find/search.js";
import { mountGridPane } from "./grid/pane.js";
import { mountImagePane } from "./image/pane.js";
import { mountRegion } from "./image/region.js";
import { mountImageZoom } from "./image/zoom.js";
import { mountLayerPlayer } from "./layers/player.js";
import { mountLayerStrip } from "./layers/strip.js";
import { mountDistance } from "./lenses/distance_pane.js";
import { mountLensSwitch } from "./lenses/switch.js";
import { mountMapsPane } from "./maps/pane.js";
import { fail } from "./page/failure.js";
import { mountHelp } from "./page/help.js";
import { mountKeyboard } from "./page/keyboard.js";
import { mountLegend } from "./page/legend.js";
import { mountTooltip } from "./page/tooltip.js";
import { mountPrompt } from "./page/prompt.js";
import { followTheme } from "./page/theme.js";
import { mountValidity } from "./page/validity.js";
import { mountPinnedPane } from "./pinned/pane.js";
/** @import { LensPage } from "./core/record.js" */

/** What is mounted where, by the element's id. @type {[string, (root: HTMLElement, record: LensPage, state: State) => void][]} */
const MOUNTS = [
  ["lens-switch", mountLensSwitch], ["distance-button", mountDistance],
  ["validity-button", mountValidity], ["data-menu", mountExportData],
  ["figure-menu", mountExportFigure], ["help-button", mountHelp],
  ["prompt", mountPrompt], ["answer-chips", mountAnswerChips], ["image-stage", mountImagePane],
  ["image-stage", mountImageZoom], ["layer-player", mountLayerPlayer],
  ["legend", mountLegend], ["layer-strip", mountLayerStrip],
  ["region-panel", mountRegion], ["find-token", mountFindToken],
  ["finding", mountFinding],
  ["grid-pane", mountGridPane], ["pinned-pane", mountPinnedPane],
  ["answer-table", mountAnswerTable], ["maps-pane", mountMapsPane], ["tooltip", mountTooltip],
  ["panes", mountKeyboard],
];

/** The layer to show first: the one at which the patches are surest of their word; else a late one. @param {LensPage} record */
function firstLayer(record) {
  const patches = record.imagePositions;
  if (!patches.length) return Math.round((record.L - 1) * 0.8);
  const step = Math.ceil(patches.length / 1000); // a thousand of them say it as well as all
  let [best, surest] = [0, -1];
  for (let l = 0; l < record.L; l += 1) {
    let sum = 0;
    for (let n = 0; n < patches.length; n += step) sum += record.topProb(l, patches[n], 0) || 0;
    if (sum > surest) [best, surest] = [l, sum];
  }
  return best;
}

/** @param {HTMLElement} button @param {State} state */
function copyLink(button, state) {
  button.hidden = hasNoAddress(window);
  button.addEventListener("click", async () => {
    const link = state.link();
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = "copied";
    } catch {
      prompt("The link to this view:", link);
    }
    setTimeout(() => { button.textContent = "link"; }, 1500);
  });
}

async function start() {
  const record = await readPage(document);
  const state = new State({ layer: firstLayer(record), view: record.views[0] ?? 0, lens: record.lensNames[0] }, { layers: record.L, positions: record.T, lenses: record.lensNames }, window);
  // before any panel draws, or is mounted: what it asks the record is what this lens read
  const showLens = () => record.showLens(state.get("lens"));
  state.on(["lens"], showLens);
  showLens();
  followTheme(state);
  document.documentElement.dataset.state = "ready";
  for (const [id, mount] of MOUNTS) mount(byId(id), record, state);
  copyLink(byId("link-button"), state);
  performance.mark("report-ready");
}

start().catch((error) => {
  fail(`This report cannot be shown: ${error.message}`);
  throw error;
});
