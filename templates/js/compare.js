/**
 * Build the page of a comparison: read both records, make the state, mount the panels, say so.
 */
import { mountAnswers } from "./comparison/answers.js";
import { mountPairData, mountPairFigure } from "./comparison/figure.js";
import { mountPairGrid } from "./comparison/grid.js";
import { mountPairKeys } from "./comparison/keys.js";
import { mountPairLayers } from "./comparison/layers.js";
import { mountPairMaps } from "./comparison/maps.js";
import { meanByLayer, measureOf } from "./comparison/measures.js";
import { readPair } from "./comparison/pair.js";
import { patchPairs } from "./comparison/panels.js";
import { mountPairTip } from "./comparison/tip.js";
import { mountToolbar } from "./comparison/toolbar.js";
import { byId } from "./core/dom.js";
import { State } from "./core/state.js";
import { fail } from "./page/failure.js";
import { followTheme } from "./page/theme.js";
/** @import { PairPage } from "./comparison/pair.js" */

/** What is mounted where, by the element's id. @type {[string, (root: HTMLElement, pair: PairPage, state: State) => void][]} */
const PAIR_MOUNTS = [
  ["toolbar", mountToolbar], ["answers", mountAnswers], ["pair-maps", mountPairMaps], ["pair-layers", mountPairLayers],
  ["pair-grid", mountPairGrid], ["tooltip", mountPairTip], ["figure-menu", mountPairFigure], ["data-menu", mountPairData],
  ["help-button", mountPairKeys],
];

/** The layer at which the patches are furthest apart; all positions, where no patch differs. @param {PairPage} pair */
function furthestLayer(pair) {
  const variation = measureOf(pair, "variation");
  const ofPatches = meanByLayer(pair, variation, patchPairs(pair));
  const means = ofPatches.some((mean) => mean > 0) ? ofPatches : meanByLayer(pair, variation, Array.from(pair.rowOfPair.keys()));
  return means.reduce((best, mean, l) => (mean > means[best] || Number.isNaN(means[best]) ? l : best), 0);
}

async function startComparison() {
  const pair = await readPair(document);
  const state = new State({ layer: furthestLayer(pair), view: pair.a.views[0] ?? 0 }, { layers: pair.L, positions: pair.R }, window);
  followTheme(state);
  document.documentElement.dataset.state = "ready";
  byId("notes").hidden = pair.notes.length === 0;
  byId("notes").textContent = pair.notes.join(" · ");
  for (const [id, mount] of PAIR_MOUNTS) mount(byId(id), pair, state);
  performance.mark("report-ready");
}

startComparison().catch((error) => {
  fail(`This page cannot be shown: ${error.message}`);
  throw error;
});
