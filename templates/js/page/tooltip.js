/**
 * What a cell says: position, layer, top tokens as bars and how their ranks changed since the layer
 * before, entropy, KL, decision layer; side by side for each lens. Tokens as the vocabulary spells
 * them, with their ids.
 * Shows `hover`, whoever set it; stands where it hides least (page/tooltip_place.js).
 */
import { childrenOf, cloneAll, clonesIn, part, partsOf } from "../core/dom.js";
import { formatNumber, formatProb, formatRank, visibleText } from "../core/format.js";
import { probOf, rankChange } from "../core/token_prob.js";
import { wordFacts } from "../core/word_maps.js";
import { fillPairs } from "./dialog.js";
import { tooltipPlace } from "./tooltip_place.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Cell } from "../core/state_values.js" */
/** @import { Edges } from "./tooltip_place.js" */

const MOST_LENSES = 3;
/** Where the tooltip points: the cell, patch or chip that set `hover`. @type {Edges|null} */
let tooltipAnchor = null;
/** @type {"beside"|"below"} */
let tooltipSide = "beside";
/** @type {Edges|null} */
let tooltipPicture = null;

/**
 * Say where on the screen the hovered thing is, before `state.set({hover})`.
 * @param {Edges|null} rect null: no tooltip, what is pointed at shows its numbers itself
 * @param {"beside"|"below"} [side] where the tooltip hides least: what is read along a row wants it
 *   below
 * @param {Edges|null} [picture] in which the thing lies
 */
export function anchorTooltip(rect, side = "beside", picture = null) {
  [tooltipAnchor, tooltipSide, tooltipPicture] = [rect, side, picture];
}

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountTooltip(root, record, state) {
  root.append(cloneAll("tooltip-frame"));
  const columns = part(root, ".tip-lenses");
  state.on(["hover", "tokens", "lens"], () => {
    const cell = state.get("hover");
    root.hidden = !cell || !tooltipAnchor;
    if (!cell || !tooltipAnchor) return;
    const chosen = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    fillTitle(root, record, cell);
    const lenses = comparedLenses(record);
    root.style.setProperty("--lenses", String(lenses.length));
    clonesIn(columns, "tooltip-lens", lenses.length).forEach((column, k) => {
      const seen = record.through(lenses[k]);
      const [name, tokens, facts] = childrenOf(column);
      name.hidden = !record.hasLenses;
      name.textContent = seen.lensTitle;
      name.classList.toggle("shown", seen.lens === record.lens);
      fillTokens(tokens, seen, cell, chosen);
      const more = seen.lens === record.lens ? wordFacts(record, state.get("word"), cell.position) : [];
      fillTipFacts(facts, [...factsOf(seen, cell, chosen), ...more], chosen.length);
    });
    const tip = { width: root.offsetWidth, height: root.offsetHeight };
    const spot = tooltipPlace(tooltipAnchor, tip, { width: innerWidth, height: innerHeight }, { side: tooltipSide, picture: tooltipPicture, clear: pointedRows() });
    root.style.transform = `translate(${Math.round(spot.left)}px, ${Math.round(spot.top)}px)`;
  });
  addEventListener("resize", () => state.set({ hover: null })); // the anchor has moved
  // a finger leaves nothing that it could leave by: whatever it touches next ends the last tooltip
  addEventListener("pointerdown", (event) => { if (event.pointerType === "touch") state.set({ hover: null }); }, { capture: true });
}

/** As many as can be read side by side: the one that is shown, the logit lens, the next. @param {LensPage} record */
function comparedLenses(record) {
  const others = record.lensNames.map((_, n) => n).filter((n) => n !== record.lens);
  return [record.lens, ...others.slice(0, MOST_LENSES - 1)].sort((a, b) => a - b);
}

/** Where a panel shows the row of what is hovered. @returns {Edges[]} */
const pointedRows = () => [...document.querySelectorAll("[data-pointed]:not([hidden])")].map((row) => row.getBoundingClientRect()).filter((box) => box.height > 0);

/** @param {HTMLElement} root @param {LensPage} record @param {Cell} cell */
function fillTitle(root, record, { layer: l, position: t }) {
  const [after, label, layer, place] = partsOf(root, ".tip-after", ".tip-label", ".tip-layer", ".tip-place");
  after.hidden = record.kind(t) === 1; // a text position's cells say what comes after its token
  label.textContent = visibleText(record.label(t));
  label.classList.toggle("token", record.kind(t) !== 1);
  layer.textContent = record.layerName(l);
  const at = record.place(t);
  const view = record.views.length > 1 && record.view(t) >= 0 ? `${record.viewName(record.view(t))} · ` : "";
  place.textContent = `${["text", "image", "answer"][record.kind(t)]} · ${view}${at ? `row ${at.row}, column ${at.column} · ` : ""}position ${t}`;
}

/** @param {HTMLElement} list @param {LensPage} record @param {Cell} cell @param {number[]} chosen */
function fillTokens(list, record, { layer: l, position: t }, chosen) {
  clonesIn(list, "tooltip-token", record.K).forEach((item, r) => {
    const i = record.topIndex(l, t, r);
    const [bar, rank, change, text, prob, id] = childrenOf(item);
    item.classList.toggle("chosen", chosen.includes(i));
    rank.textContent = String(r + 1);
    change.textContent = rankChange(record, l, t, i);
    text.textContent = visibleText(record.text(i));
    bar.style.setProperty("--share", String(Math.min(1, record.topProb(l, t, r))));
    prob.textContent = formatProb(record.topProb(l, t, r));
    id.textContent = String(record.id(i));
  });
}

/** @param {HTMLElement} list @param {[string, string][]} facts @param {number} tokens so many of the names are tokens */
function fillTipFacts(list, facts, tokens) {
  fillPairs(list, "tooltip-fact", facts);
  childrenOf(list).forEach((item, n) => childrenOf(item)[0].classList.toggle("token", n < tokens));
}

/**
 * Names and values below the tokens.
 * @param {LensPage} record
 * @param {Cell} cell
 * @param {number[]} chosen rows of the token table
 * @returns {[string, string][]}
 */
function factsOf(record, { layer: l, position: t }, chosen) {
  const list = chosen.map((i) => tokenFact(record, l, t, i));
  if (chosen.length > 1) {
    const sum = probOf(record, l, t, chosen);
    list.push(["sum", `${sum.exact ? "" : sum.known ? "≥ " : "each < "}${formatProb(sum.value)}`]);
  }
  if (t + 1 < record.T && record.kind(t + 1) === 2) list.push(saidNext(record, l, t));
  if (!Number.isNaN(record.entropy(l, t))) list.push(["entropy", `${formatNumber(record.entropy(l, t))} nats`]);
  if (!Number.isNaN(record.kl(l, t))) list.push(["KL to final", `${formatNumber(record.kl(l, t))} nats`]);
  const [decided, surest] = [record.decision(t), record.surest(t)];
  const top = (/** @type {number} */ layer) => visibleText(record.text(record.topIndex(layer, t, 0)));
  list.push(["decided", `${top(record.L - 1)} from ${record.layerName(decided)}`]);
  list.push(["surest", `${top(surest)} ${formatProb(record.topProb(surest, t, 0))} at ${record.layerName(surest)}`]);
  return list;
}

/** @param {LensPage} record @param {number} l @param {number} t @param {number} i @returns {[string, string]} */
function tokenFact(record, l, t, i) {
  const [p, rank] = [record.prob(l, t, i), record.rank(l, t, i)];
  return [visibleText(record.text(i)), p.exact ? `${formatProb(p.value)} · ${formatRank(rank.value)}` : `below ${formatProb(p.value)}`];
}

/**
 * What the model wrote next, as a fact of the position that was to say it.
 * @param {LensPage} record
 * @param {number} l
 * @param {number} t
 * @returns {[string, string]}
 */
function saidNext(record, l, t) {
  const [text, value] = tokenFact(record, l, t, record.input(t + 1));
  return ["said next", `${text} ${value}`];
}
