/**
 * The chosen tokens as chips, and how exactly they are known. Knows nothing of the search.
 */
import { childrenOf, cloneOne, hit, part, writeToken } from "../core/dom.js";
import { boundName } from "../core/format.js";
import { wordKey } from "./token_index.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/**
 * One chip for the spellings of a word, and how exactly they are known.
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function drawFindChips(root, record, state) {
  /** @type {Map<string, number[]>} ids by word */
  const words = new Map();
  for (const id of state.get("tokens")) {
    const i = record.indexOf(id);
    const key = i < 0 ? `#${id}` : wordKey(record.text(i));
    words.set(key, [...words.get(key) ?? [], id]);
  }
  part(root, ".find-chips").replaceChildren(...[...words].map(([key, ids]) => {
    const spellings = record.texts.flatMap((text, i) => (wordKey(text) === key ? [record.id(i)] : []));
    return chipElement(record, ids, spellings.filter((id) => !ids.includes(id)));
  }));
  findStatus(part(root, ".find-status"), record, state.get("tokens"));
}

/** @param {LensPage} record @param {number[]} ids @param {number[]} others spellings that are not chosen */
function chipElement(record, ids, others) {
  const chip = cloneOne("find-chip");
  const [text, more, drop] = childrenOf(chip);
  const textOf = (/** @type {number} */ id) => record.text(record.indexOf(id));
  const isHere = (/** @type {number} */ id) => record.indexOf(id) >= 0;
  ids.forEach((id, n) => {
    const one = document.createElement("span");
    writeToken(one, isHere(id) ? textOf(id) : `id ${id}`);
    text.append(...(n ? [" + "] : []), one);
  });
  chip.title = ids.map((id) => (isHere(id) ? `${textOf(id)} (id ${id})` : `id ${id} is not in this report`)).join("\n");
  more.hidden = others.length === 0;
  more.textContent = `+${others.length} spelling${others.length === 1 ? "" : "s"}`;
  more.dataset.ids = others.join(",");
  more.title = `Add the other spellings: ${others.slice(0, 8).map(textOf).join("  ")}`;
  more.setAttribute("aria-label", more.title);
  drop.dataset.ids = ids.join(",");
  drop.setAttribute("aria-label", `Let go of ${text.textContent}`);
  return chip;
}

/** @param {HTMLElement} element @param {LensPage} record @param {number[]} tokens ids */
function findStatus(element, record, tokens) {
  const indices = tokens.map((id) => record.indexOf(id)).filter((i) => i >= 0);
  const exact = indices.length > 0 && indices.every((i) => record.slot(i) >= 0);
  element.hidden = tokens.length === 0;
  element.textContent = indices.length === 0 ? "not in this report" : exact ? "exact in every cell" : `exact in the top ${record.K}; below ${boundName(record.K)} elsewhere`;
  const word = indices.length ? wordKey(record.text(indices[0])) : "";
  element.title = exact ? "Its probability and rank were recorded in every cell."
    : `Outside a cell's top ${record.K} only a bound is known: at most the probability of its #${record.K}. `
      + `A run with --track "${word}" records it in every cell.`;
}

/** A button of a chosen word: let go of it, or add its other spellings. @param {Event} event @param {State} state @returns {boolean} was it one? */
export function changeChips(event, state) {
  const button = hit(event, ".find-chip button");
  if (!button) return false;
  const ids = (button.dataset.ids ?? "").split(",").map(Number);
  const rest = state.get("tokens").filter((id) => !ids.includes(id));
  state.set({ tokens: button.classList.contains("find-drop") ? rest : [...rest, ...ids] });
  return true;
}
