/**
 * Keys that work everywhere on the page of a comparison, and the help that lists them.
 */
import { byId, cloneAll, part } from "../core/dom.js";
import { fillPairs, wireDialog } from "../page/dialog.js";
import { measureChoices, measureOf } from "./measures.js";
import { nextShown } from "./toolbar.js";
/** @import { State } from "../core/state.js" */
/** @import { PairPage } from "./pair.js" */

/** @type {[string, string][]} */
const PAIR_KEYS = [
  ["d", "the grid: A, B, the difference"],
  ["[ ]", "layer before, layer after"],
  ["c", "next measure"],
  ["← → ↑ ↓", "move in the grid, when it has the focus"],
  ["Esc", "let go of the cell"],
  ["t", "light or dark"],
  ["?", "this help"],
];

/** @param {HTMLElement} button of the help @param {PairPage} pair @param {State} state */
export function mountPairKeys(button, pair, state) {
  const dialog = byId("help-dialog", HTMLDialogElement);
  dialog.append(cloneAll("help-frame"));
  fillPairs(part(dialog, ".all-keys"), "help-key", PAIR_KEYS);
  wireDialog(button, dialog);
  const step = (/** @type {number} */ by) => state.set({ layer: Math.max(0, Math.min(pair.L - 1, state.get("layer") + by)) });
  /** @type {Object<string, () => void>} */
  const actions = {
    d: () => nextShown(state),
    "[": () => step(-1),
    "]": () => step(1),
    c: () => {
      const keys = measureChoices(pair).map(({ key }) => key);
      state.set({ measure: keys[(keys.indexOf(measureOf(pair, state.get("measure")).key) + 1) % keys.length] });
    },
    t: () => byId("theme-button").click(),
    "?": () => button.click(),
    Escape: () => state.set(state.get("hover") ? { hover: null } : { cell: null }),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") || (event.target instanceof Element && event.target.matches("select"))) return;
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
