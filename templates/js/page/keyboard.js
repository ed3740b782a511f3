/**
 * Keys that work everywhere. Keys of the grid are in grid/input.js.
 */
import { chooseAndPin, clearOne, nextLens, stepLayer, stepPlace, toggleAllFolds } from "../core/actions.js";
import { byId, part } from "../core/dom.js";
import { colourChoices } from "../core/quantity.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/** What the help overlay lists. */
/** @type {[string, string][]} */
export const KEYS = [
  ["← → ↑ ↓", "move in the grid; with Ctrl to its edge"],
  ["Home End", "first, last layer; with Ctrl also first, last row"],
  ["Page Up, Page Down", "a screenful of rows"],
  ["Enter", "select and pin; again: let go"],
  ["Esc", "close, or clear: selection, region, tokens"],
  ["[ ]", "layer before, layer after"],
  ["Space", "play the layers on the image"],
  ["/", "find a token"],
  ["n N", "next place where the patches read as it, the one before"],
  ["p", "pin the cell under the pointer or the keys"],
  ["e", "take the data away"],
  ["c", "next colour"],
  ["d", "how far each layer is from the final answer"],
  ["l", "next lens, where the report has several"],
  ["w", "the next word of the answer: its three maps"],
  ["f", "fold the image's rows"],
  ["z", "the whole grid as a heat map"],
  ["t", "light or dark"],
  ["?", "this help"],
];

/**
 * @param {HTMLElement} _root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountKeyboard(_root, record, state) {
  /** @type {Object<string, () => void>} */
  const actions = {
    "[": () => stepLayer(state, record, -1),
    "]": () => stepLayer(state, record, 1),
    " ": () => state.set({ playing: !state.get("playing") }),
    "/": () => part(document, "#find-token input").focus(),
    n: () => stepPlace(state, record, 1),
    N: () => stepPlace(state, record, -1),
    p: () => {
      const cell = state.get("hover") ?? state.get("cell");
      if (cell) chooseAndPin(state, cell);
    },
    e: () => {
      const menu = part(document, "#data-menu .menu-button");
      menu.focus();
      menu.click();
    },
    c: () => {
      const modes = colourChoices(record, state.get("tokens")).filter((choice) => choice.enabled).map((choice) => choice.mode);
      state.set({ colour: modes[(modes.indexOf(state.get("colour")) + 1) % modes.length] });
    },
    d: () => byId("distance-button").click(),
    l: () => nextLens(state, record),
    w: () => document.getElementById("maps-next")?.click(),
    f: () => toggleAllFolds(state, record),
    z: () => state.set({ zoomedOut: !state.get("zoomedOut") }),
    t: () => byId("theme-button").click(),
    "?": () => byId("help-button").click(),
    Escape: () => clearOne(state),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.matches("textarea, select, input:not([type=range], [type=checkbox], [type=radio])")) return;
    if (event.key === " " && target.closest("button, summary, a, input")) return;
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
