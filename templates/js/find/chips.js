/**
 * The chosen tokens as chips, how exactly they are known, and the way to where a patch reads most
 * as them. Knows nothing of the search.
 */
import { chooseCell, viewOf } from "../core/actions.js";
import { boundName, formatProb, visibleText } from "../core/format.js";
import { bestPatchSteps } from "../core/token_prob.js";
import { runSteps } from "../core/work.js";
import { wordKey } from "./token_index.js";

/**
 * One chip for the spellings of a word, and how exactly they are known.
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 * @param {object|null} index of all tokens, once it is made: it knows the other spellings
 */
export function drawFindChips(root, record, state, index) {
  const words = new Map();
  for (const id of state.get("tokens")) {
    const i = record.indexOf(id);
    const key = i < 0 ? `#${id}` : wordKey(record.text(i));
    if (!words.has(key)) words.set(key, []);
    words.get(key).push(id);
  }
  const groupOf = new Map(words.size ? index?.groups.map((group) => [group.key, group]) : []);
  root.querySelector(".find-chips").replaceChildren(...[...words].map(([key, ids]) => {
    const chip = document.getElementById("find-chip").content.firstElementChild.cloneNode(true);
    const [text, more, drop] = chip.children;
    text.textContent = ids.map((id) => (record.indexOf(id) < 0 ? `id ${id}` : visibleText(record.text(record.indexOf(id))))).join(" + ");
    chip.title = ids.map((id) => (record.indexOf(id) < 0 ? `id ${id} is not in this report` : `${record.text(record.indexOf(id))} (id ${id})`)).join("\n");
    const others = (groupOf.get(key)?.indices ?? []).map((i) => record.id(i)).filter((id) => !ids.includes(id));
    more.hidden = others.length === 0;
    more.textContent = `+${others.length} spelling${others.length === 1 ? "" : "s"}`;
    more.dataset.ids = others.join(",");
    more.title = `Add the other spellings: ${others.slice(0, 8).map((id) => record.text(record.indexOf(id))).join("  ")}`;
    more.setAttribute("aria-label", more.title);
    drop.dataset.ids = ids.join(",");
    drop.setAttribute("aria-label", `Let go of ${text.textContent}`);
    return chip;
  }));
  findStatus(root.querySelector(".find-status"), record, state.get("tokens"));
}

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

/**
 * A button that names the patch and layer at which the chosen tokens, summed, are most probable, and
 * goes there.
 * @param {HTMLButtonElement} button
 * @param {LensPage} record
 * @param {object} state
 */
export function mountFindBest(button, record, state) {
  let best = null;
  button.addEventListener("click", () => {
    chooseCell(state, { layer: best.layer, position: best.position });
    state.set({ view: viewOf(record, best.position) });
  });

  async function look() {
    const tokens = String(state.get("tokens"));
    const indices = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    button.hidden = true;
    const others = () => String(state.get("tokens")) !== tokens;
    const found = await runSteps(bestPatchSteps(record, indices), others);
    if (others()) return;
    best = found;
    button.hidden = !best;
    if (best) button.textContent = `best ${formatProb(best.value)} · ${record.layerName(best.layer)} · ${visibleText(record.label(best.position))} →`;
  }
  state.on(["tokens"], look);
}
