/**
 * The data menu: pinned cells and their trajectories as CSV, the whole record as JSON.
 */
import { runSteps } from "../core/work.js";
import { exportName, saveBlob, wireMenu } from "../page/dialog.js";
import { wordMapsCsv, wordsJson } from "./word_csv.js";
import { distanceCsv } from "./distance_figure.js";
import { pinnedCsv, recordJsonSteps, trajectoriesCsv } from "./csv_json.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountExportData(root, record, state) {
  const pinFirst = () => (state.get("pins").length ? "" : "pin a cell first");
  const csv = (/** @type {string} */ text) => new Blob([text], { type: "text/csv;charset=utf-8" });
  wireMenu(root, "data", [
    {
      label: "Pinned cells, CSV", note: "their top tokens, ids and probabilities", ready: pinFirst,
      run: () => saveBlob(csv(pinnedCsv(record, state.get("pins"))), exportName(record, "pinned", ".csv")),
    },
    {
      label: "Trajectories, CSV", note: "the lines of the charts, every layer", ready: pinFirst,
      run: () => saveBlob(csv(trajectoriesCsv(record, state.get("pins"), state.get("tokens"))), exportName(record, "trajectories", ".csv")),
    },
    {
      label: "Maps of the word, CSV", note: "every patch: reads as, depends on, writes", ready: () => (state.get("word") >= 0 ? "" : "choose a word of the answer first"),
      run: () => saveBlob(csv(wordMapsCsv(record, state.get("word"), state.get("layer"))), exportName(record, "word-maps", ".csv")),
    },
    {
      label: "Whole record, JSON", note: `all cells${record.hasLenses ? ", all lenses" : ""}, 3 significant digits`,
      run: async () => saveBlob(new Blob(await runSteps(recordJsonSteps(record, { words: wordsJson(record.through(0)) })) ?? [], { type: "application/json" }), exportName(record, "record", ".json", "")),
    },
    {
      label: "Distance by layer, CSV", note: "KL to the final layer: median and quartiles of patches and text", ready: () => (record.hasKl ? "" : "this record has no KL"),
      run: () => saveBlob(csv(distanceCsv(record)), exportName(record, "distance", ".csv", "")),
    },
  ]);
}
