/**
 * Help: how to read the report, all keys, a glossary.
 */
/* global KEYS, wireDialog */

/** Keys of single panels; those that work everywhere are in keyboard.js. */
export const PANEL_KEYS = [
  ["find token: ↓ ↑ Enter", "go through the list, choose; Shift+Enter adds to the sum, Esc closes"],
  ["answer: ← → Home End", "from word to word; Enter maps it over the image"],
  ["chart: ← → Home End", "read the values layer by layer; Enter shows that layer on the image"],
];

/** @param {HTMLElement} button */
export function mountHelp(button) {
  const dialog = document.getElementById("help-dialog");
  dialog.append(document.getElementById("help-frame").content.cloneNode(true));
  const template = document.getElementById("help-key");
  dialog.querySelector(".keys").append(...[...KEYS, ...PANEL_KEYS].map(([keys, does]) => {
    const item = template.content.firstElementChild.cloneNode(true);
    item.firstElementChild.textContent = keys;
    item.lastElementChild.textContent = does;
    return item;
  }));
  wireDialog(button, dialog);
}
