/**
 * The whole prompt, which folds out of the line with the question; the place of the image in it is
 * marked.
 */
import { part } from "../core/dom.js";
import { formatCount } from "../core/format.js";
/** @import { LensPage } from "../core/record.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 */
export function mountPrompt(root, record) {
  const details = part(root, "details", HTMLDetailsElement);
  fillPrompt(part(details, "p"), record);
  const close = (/** @type {Event} */ event) => {
    if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
  };
  document.addEventListener("pointerdown", close);
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    part(details, "summary").focus();
    event.stopPropagation();
  });
}

/** @param {HTMLElement} element @param {LensPage} record */
function fillPrompt(element, record) {
  const marks = [...new Set([...record.imagePositions.slice(0, 1).map((t) => record.text(record.input(t))), "<image>"])].filter(Boolean);
  element.textContent = "";
  let rest = String(record.meta.prompt ?? "");
  while (rest) {
    const text = rest;
    const [found] = marks.map((mark) => ({ mark, at: text.indexOf(mark) })).filter((one) => one.at >= 0).sort((a, b) => a.at - b.at);
    element.append(found ? rest.slice(0, found.at) : rest);
    if (!found) break;
    const pill = document.createElement("span");
    pill.className = "image-mark";
    pill.textContent = found.mark;
    pill.title = formatCount(record.imagePositions.length, "image position");
    element.append(pill);
    rest = rest.slice(found.at + found.mark.length);
  }
}
