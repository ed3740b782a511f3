/**
 * The prompt as said, and the answer as chips, one per token. A chip asks: where, and at which
 * layer, do the patches read as this word?
 */
import { viewOf } from "../core/actions.js";
import { formatCount, formatProb, visibleText } from "../core/format.js";
import { runSteps } from "../core/work.js";
import { anchorTooltip } from "../page/tooltip.js";
import { findInPatchesSteps } from "./words.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountAnswerChips(root, record, state) {
  root.append(document.getElementById("answer-frame").content.cloneNode(true));
  const strip = root.querySelector(".answer");
  const last = record.L - 1;
  fillPrompt(root.querySelector(".said"), record);

  strip.hidden = record.answerPositions.length === 0;
  strip.setAttribute("aria-label", `Answer, ${formatCount(record.answerPositions.length, "token")}; arrow keys move, Enter shows a word on the image`);
  const template = document.getElementById("answer-chip");
  const chips = record.answerPositions.map((t) => {
    const chip = template.content.firstElementChild.cloneNode(true);
    const index = record.input(t);
    chip.textContent = visibleText(record.text(index));
    chip.dataset.position = t;
    const said = record.prob(last, Math.max(0, t - 1), index);
    chip.style.setProperty("--said", String(said.exact ? Math.min(1, said.value) : 0));
    chip.setAttribute("aria-label", `${record.text(index)}, said with probability ${said.exact ? "" : "below "}${formatProb(said.value)}`);
    return chip;
  });
  strip.append(...chips);
  if (chips.length) chips[0].tabIndex = 0;

  const cellOf = (chip) => ({ layer: last, position: Math.max(0, Number(chip.dataset.position) - 1) });
  function hover(chip) {
    if (!chip) {
      if (state.get("hover")) state.set({ hover: null });
      return;
    }
    anchorTooltip(chip.getBoundingClientRect(), "below");
    state.set({ hover: cellOf(chip) });
  }
  strip.addEventListener("pointerover", (event) => hover(event.target.closest(".chip")));
  strip.addEventListener("pointerleave", () => hover(null));
  strip.addEventListener("focusin", (event) => { if (event.target.matches(".chip:focus-visible")) hover(event.target); });
  strip.addEventListener("focusout", () => hover(null));
  strip.addEventListener("click", (event) => {
    const chip = event.target.closest(".chip");
    if (chip) showAnswerToken(record, state, Number(chip.dataset.position), chip.getAttribute("aria-pressed") === "true");
  });
  strip.addEventListener("keydown", (event) => {
    const at = chips.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: chips.length - 1 }[event.key];
    if (to === undefined || at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const next = chips[Math.max(0, Math.min(chips.length - 1, to))];
    chips[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  state.on(["tokens", "cell", "hover"], () => {
    const [tokens, cell, hovered] = [state.get("tokens"), state.get("cell"), state.get("hover")];
    for (const chip of chips) {
      const t = Number(chip.dataset.position);
      const mapped = tokens.includes(record.id(record.input(t)));
      const before = Math.max(0, t - 1);
      chip.classList.toggle("mapped", mapped);
      chip.setAttribute("aria-pressed", String(mapped && cell?.position === before));
      chip.classList.toggle("here", hovered?.position === before || cell?.position === before);
    }
  });
}

/**
 * Select the position that predicted an answer token, map the token over the image, and turn the
 * image to the layer at which a patch reads most as it. Again: let go of it.
 */
export async function showAnswerToken(record, state, t, release) {
  if (release) {
    state.set({ tokens: [], cell: null });
    return;
  }
  const index = record.input(t);
  const cell = { layer: record.L - 1, position: Math.max(0, t - 1) };
  const colour = ["prob", "rank"].includes(state.get("colour")) ? state.get("colour") : "prob";
  const tokens = [record.id(index)];
  state.set({ cell, tokens, colour });
  const finds = await runSteps(findInPatchesSteps(record, [index]), () => String(state.get("tokens")) !== String(tokens));
  const find = finds?.get(index);
  if (!find || find.position < 0) return;
  state.set({ layer: find.layer, view: viewOf(record, find.position) });
}

/** The prompt with the place of the image marked. */
function fillPrompt(element, record) {
  const marks = [...new Set([...record.imagePositions.slice(0, 1).map((t) => record.text(record.input(t))), "<image>"])].filter(Boolean);
  let rest = String(record.meta.prompt ?? "");
  while (rest) {
    const found = marks.map((mark) => ({ mark, at: rest.indexOf(mark) })).filter((one) => one.at >= 0).sort((a, b) => a.at - b.at)[0];
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
