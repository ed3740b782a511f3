/**
 * Both answers, word beside word: what differs stands out; a click goes to where it was decided.
 */
import { cloneOne, hit, part } from "../core/dom.js";
import { spaceMarks } from "../core/format.js";
import { answerColumns } from "./alignment.js";
/** @import { State } from "../core/state.js" */
/** @import { PairPage, Side } from "./pair.js" */

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountAnswers(root, pair, state) {
  const columns = answerColumns(pair);
  root.hidden = columns.length === 0;
  root.append(...columns.map(({ a, b, same }) => {
    const column = cloneOne("answer-column");
    column.classList.toggle("unlike", !same);
    for (const [side, rows] of /** @type {[Side, number[]][]} */ ([["a", a], ["b", b]])) {
      const button = part(column, `[data-side="${side}"]`, HTMLButtonElement);
      button.textContent = wordOf(pair, side, rows);
      button.disabled = rows.length === 0;
      button.dataset.row = String(rows[0] ?? -1);
      button.setAttribute("aria-label", `${side.toUpperCase()}: ${button.textContent}${same ? "" : ", differs"}`);
    }
    return column;
  }));
  root.addEventListener("click", (event) => {
    const button = hit(event, "button[data-row]");
    if (!button) return;
    const side = /** @type {Side} */ (button.dataset.side);
    const t = pair.position(Number(button.dataset.row), side);
    const decided = pair.rowOf[side].get(Math.max(0, t - 1)); // a word is decided one position before
    const id = pair[side].id(pair[side].input(t));
    state.set({ cell: decided === undefined ? null : { layer: pair.L - 1, position: decided }, ...(pair.tracked.includes(id) ? { measure: `prob:${id}` } : {}) });
  });
}

/** Pieces as one word. @param {PairPage} pair @param {Side} side @param {number[]} rows */
function wordOf(pair, side, rows) {
  const texts = rows.map((row) => pair[side].label(pair.position(row, side)));
  return texts.map((text) => (spaceMarks(text) ? ` ${text.slice(spaceMarks(text).length)}` : text)).join("").trim() || texts.join("");
}
