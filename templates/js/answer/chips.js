/**
 * The answer as chips, one per token. A chip asks: where, and at which
 * layer, do the patches read as this word?
 */
import { viewOf } from "../core/actions.js";
import { cloneAll, cloneOne, hit, moveOf, part, writeToken } from "../core/dom.js";
import { formatCount, formatProb } from "../core/format.js";
import { runSteps } from "../core/work.js";
import { anchorTooltip } from "../page/tooltip.js";
import { isRead, supportText } from "../maps/captions.js";
import { saidWords, wordAt } from "../core/word_maps.js";
import { findInPatchesSteps } from "./words.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountAnswerChips(root, record, state) {
  root.hidden = record.answerPositions.length === 0;
  root.append(cloneAll("answer-frame"));
  const strip = part(root, ".answer");
  strip.setAttribute("aria-label", `Answer, ${formatCount(record.answerPositions.length, "token")}; arrow keys move, Enter shows a word on the image`);
  const chips = record.answerPositions.map((t) => answerChip(record, t));
  strip.append(...chips);
  if (chips.length) chips[0].tabIndex = 0;

  strip.addEventListener("pointerover", (event) => hoverChip(record, state, hit(event, ".chip")));
  strip.addEventListener("pointerleave", () => hoverChip(record, state, null));
  strip.addEventListener("focusin", (event) => {
    const chip = hit(event, ".chip:focus-visible");
    if (chip) hoverChip(record, state, chip);
  });
  strip.addEventListener("focusout", () => hoverChip(record, state, null));
  strip.addEventListener("click", (event) => {
    const chip = hit(event, ".chip");
    if (chip) showAnswerToken(record, state, Number(chip.dataset.position), chip.getAttribute("aria-pressed") === "true");
  });
  strip.addEventListener("keydown", (event) => moveAlong(event, chips));
  state.on(["tokens", "cell", "hover"], () => { for (const chip of chips) markChip(chip, record, state); });
}

/** Where an answer token was predicted: at the position before it. @param {number} t */
const predictedAt = (t) => Math.max(0, t - 1);

/** @param {LensPage} record @param {number} t */
function answerChip(record, t) {
  const chip = cloneOne("answer-chip");
  const index = record.input(t);
  writeToken(chip, record.text(index));
  chip.dataset.position = String(t);
  const said = record.prob(record.L - 1, predictedAt(t), index);
  chip.style.setProperty("--said", String(said.exact ? Math.min(1, said.value) : 0));
  const word = saidWords(record)[wordAt(record, t)];
  if (word?.support) chip.dataset.read = isRead(word.support) ? "yes" : "no";
  const support = word ? `. ${supportText(record, word)}` : "";
  chip.setAttribute("aria-label", `${record.text(index)}, said with probability ${said.exact ? "" : "below "}${formatProb(said.value)}${support}`);
  return chip;
}

/** @param {LensPage} record @param {State} state @param {HTMLElement|null} chip */
function hoverChip(record, state, chip) {
  if (chip) {
    anchorTooltip(chip.getBoundingClientRect(), "below");
    state.set({ hover: { layer: record.L - 1, position: predictedAt(Number(chip.dataset.position)) } });
  } else if (state.get("hover")) state.set({ hover: null });
}

/** Is its token mapped, and is its position selected or hovered? @param {HTMLElement} chip @param {LensPage} record @param {State} state */
function markChip(chip, record, state) {
  const t = Number(chip.dataset.position);
  const [cell, hovered, before] = [state.get("cell"), state.get("hover"), predictedAt(t)];
  const mapped = state.get("tokens").includes(record.id(record.input(t)));
  chip.classList.toggle("mapped", mapped);
  chip.setAttribute("aria-pressed", String(mapped && cell?.position === before));
  chip.classList.toggle("here", hovered?.position === before || cell?.position === before);
}

/** The keys go from chip to chip; one of them can be reached with Tab. @param {KeyboardEvent} event @param {HTMLElement[]} chips */
function moveAlong(event, chips) {
  const at = chips.findIndex((chip) => chip === document.activeElement);
  const to = moveOf(event, { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: chips.length - 1 });
  if (to === undefined || at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const next = chips[Math.max(0, Math.min(chips.length - 1, to))];
  chips[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/**
 * Select the position that predicted an answer token, map the token over the image, and turn the
 * image to the layer at which a patch reads most as it. Again: let go of it.
 * @param {LensPage} record
 * @param {State} state
 * @param {number} t
 * @param {boolean} release
 */
async function showAnswerToken(record, state, t, release) {
  if (release) {
    state.set({ tokens: [], cell: null, word: -1 });
    return;
  }
  const index = record.input(t);
  const cell = { layer: record.L - 1, position: predictedAt(t) };
  const colour = state.get("colour") === "rank" ? "rank" : "prob";
  const tokens = [record.id(index)];
  state.set({ cell, tokens, colour, word: wordAt(record, t) });
  const finds = await runSteps(findInPatchesSteps(record.through(), [index]), () => String(state.get("tokens")) !== String(tokens));
  const find = finds?.get(index);
  if (!find || find.position < 0) return;
  state.set({ layer: find.layer, view: viewOf(record, find.position) });
}
