/**
 * Help: how to read the report, all keys, a glossary.
 */
import { wireDialog } from "./dialog.js";
import { KEYS } from "./keyboard.js";

/** Keys of single panels, while the focus is in them; those that work everywhere are in page/keyboard.js. */
export const PANEL_KEYS = [
  ["picture", "← → ↑ ↓ from patch to patch, with Shift to mark a region; Enter pins, Shift+Enter adds to the region; + − 0 zoom and back"],
  ["find token", "↓ ↑ Page Up Page Down through the list; Enter chooses, Shift+Enter adds to the sum, Backspace lets go, Esc closes"],
  ["answer", "← → Home End from word to word; Enter maps it over the image"],
  ["chart", "← → Home End read the values layer by layer; Enter shows that layer on the image"],
];

/** @param {HTMLElement} button */
export function mountHelp(button) {
  const dialog = document.getElementById("help-dialog");
  dialog.append(document.getElementById("help-frame").content.cloneNode(true));
  const template = document.getElementById("help-key");
  for (const [list, entries] of [[".all-keys", KEYS], [".panel-keys", PANEL_KEYS]]) {
    dialog.querySelector(list).append(...entries.map(([keys, does]) => {
      const item = template.content.firstElementChild.cloneNode(true);
      item.firstElementChild.textContent = keys;
      item.lastElementChild.textContent = does;
      return item;
    }));
  }
  wireDialog(button, dialog);
}
