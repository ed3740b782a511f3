/**
 * Which lens the page reads through. There is a choice only where the record holds several.
 */
import { clonesIn, hit, part } from "../core/dom.js";
import { capital } from "../core/format.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountLensSwitch(root, record, state) {
  root.hidden = !record.hasLenses;
  if (root.hidden) return;
  const buttons = clonesIn(part(root, ".segments"), "lens-button", record.lensNames.length);
  buttons.forEach((button, n) => {
    const { file, note } = lensAbout(record, n);
    button.textContent = record.lensNames[n];
    button.dataset.lens = record.lensNames[n];
    button.title = [`Read through the ${record.lensNames[n]} lens (l)`, file, note].filter(Boolean).join("\n");
    button.classList.toggle("noted", Boolean(note));
  });
  root.addEventListener("click", (event) => {
    const lens = hit(event, "button")?.dataset.lens;
    if (lens) state.set({ lens });
  });
  const title = part(document, "#header h1 .lens");
  state.on(["lens"], () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.lens === state.get("lens")));
    title.textContent = capital(record.lensTitle);
  });
}

/** What the record says of a lens. @param {LensPage} record @param {number} n @returns {{file?: string, note?: string}} */
export const lensAbout = (record, n) => record.meta.lenses?.[n - 1] ?? {};
