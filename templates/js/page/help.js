/**
 * Help: how to read the report, all keys, a glossary.
 */
import { byId, cloneAll, part } from "../core/dom.js";
import { fillPairs, wireDialog } from "./dialog.js";
import { KEYS } from "./keyboard.js";

/** Keys of single panels, while the focus is in them; those that work everywhere are in page/keyboard.js. */
/** @type {[string, string][]} */
const PANEL_KEYS = [
  ["picture", "← → ↑ ↓ from patch to patch, with Shift to mark a region; Enter pins, Shift+Enter adds to the region; + − 0 zoom and back"],
  ["find token", "↓ ↑ Page Up Page Down through the list; Enter chooses, Shift+Enter adds to the sum, Backspace lets go, Esc closes"],
  ["answer", "← → Home End from word to word; Enter maps it over the image"],
  ["chart", "← → Home End read the values layer by layer; Enter shows that layer on the image"],
];

/** @param {HTMLElement} button */
export function mountHelp(button) {
  const dialog = byId("help-dialog", HTMLDialogElement);
  dialog.append(cloneAll("help-frame"));
  fillPairs(part(dialog, ".all-keys"), "help-key", KEYS);
  fillPairs(part(dialog, ".panel-keys"), "help-key", PANEL_KEYS);
  wireDialog(button, dialog);
}
