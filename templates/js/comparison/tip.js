/**
 * What a pair of cells says: the top tokens of A and of B beside each other, and how they differ.
 * Shows `hover`, whoever set it.
 */
import { childrenOf, cloneAll, clonesIn, part } from "../core/dom.js";
import { formatNumber, formatProb, formatRank, quietText, visibleText } from "../core/format.js";
import { fillPairs } from "../page/dialog.js";
import { tooltipPlace } from "../page/tooltip_place.js";
import { measureOf } from "./measures.js";
import { partingText } from "./panels.js";
/** @import { State } from "../core/state.js" */
/** @import { Edges } from "../page/tooltip_place.js" */
/** @import { PairPage, Side } from "./pair.js" */

/** @type {Edges|null} */
let pairAnchor = null;
/** @type {"beside"|"below"} */
let pairTipSide = "beside";
const TIP_TOKENS = 8;

/** Say where the hovered thing is, before `state.set({hover})`. @param {Edges|null} rect @param {"beside"|"below"} side */
export function anchorPairTip(rect, side) {
  [pairAnchor, pairTipSide] = [rect, side];
}

/**
 * @param {HTMLElement} root
 * @param {PairPage} pair
 * @param {State} state
 */
export function mountPairTip(root, pair, state) {
  root.append(cloneAll("tip-frame"));
  state.on(["hover", "measure"], () => {
    const cell = state.get("hover");
    root.hidden = !cell || !pairAnchor;
    if (!cell || !pairAnchor) return;
    const { layer: l, position: row } = cell;
    part(root, ".tip-label").textContent = visibleText(pair.label(row));
    part(root, ".tip-layer").textContent = pair.layerName(l);
    part(root, ".tip-place").textContent = pairPlace(pair, row);
    for (const side of /** @type {Side[]} */ (["a", "b"])) fillSide(part(root, `[data-side="${side}"]`), pair, side, l, row);
    fillPairs(part(root, ".tip-facts"), "tooltip-fact", pairFacts(pair, state.get("measure"), l, row));
    const spot = tooltipPlace(pairAnchor, { width: root.offsetWidth, height: root.offsetHeight }, { width: innerWidth, height: innerHeight }, { side: pairTipSide });
    root.style.transform = `translate(${Math.round(spot.left)}px, ${Math.round(spot.top)}px)`;
  });
  addEventListener("resize", () => state.set({ hover: null })); // the anchor has moved
}

/** @param {PairPage} pair @param {number} row */
function pairPlace(pair, row) {
  const kind = ["text", "image", "answer"][pair.kind(row)];
  const at = /** @type {Side[]} */ (["a", "b"]).map((side) => ({ side, t: pair.position(row, side) })).filter(({ t }) => t >= 0);
  return `${kind} · ${at.map(({ side, t }) => `position ${t} of ${side.toUpperCase()}`).join(", ")}`;
}

/** @param {HTMLElement} root @param {PairPage} pair @param {Side} side @param {number} l @param {number} row */
function fillSide(root, pair, side, l, row) {
  const [record, other] = [pair[side], pair[side === "a" ? "b" : "a"]];
  const [t, there] = [pair.position(row, side), pair.position(row, side === "a" ? "b" : "a")];
  part(root, "p").hidden = t >= 0;
  const count = t < 0 ? 0 : Math.min(TIP_TOKENS, record.K);
  clonesIn(part(root, "ol"), "tip-token", count).forEach((item, r) => {
    const at = record.topIndex(pair.layer(l, side), t, r);
    const [bar, text, prob] = childrenOf(item);
    const known = there >= 0 && other.rankInTop(pair.layer(l, side === "a" ? "b" : "a"), there, other.indexOf(record.id(at))) >= 0;
    item.classList.toggle("own", there >= 0 && !known);
    text.textContent = visibleText(record.text(at));
    bar.style.setProperty("--share", String(Math.min(1, record.topProb(pair.layer(l, side), t, r))));
    prob.textContent = formatProb(record.topProb(pair.layer(l, side), t, r));
  });
}

/** @param {PairPage} pair @param {string} key of the measure @param {number} l @param {number} row @returns {[string, string][]} */
function pairFacts(pair, key, l, row) {
  const m = pair.pairs[row];
  if (m < 0) return [["no partner", `only in ${pair.sideOf(row).toUpperCase()}`]];
  const measure = measureOf(pair, key);
  const variation = measureOf(pair, "variation");
  /** @type {[string, string][]} */
  const facts = [["total variation", variation.text(l, m)]];
  if (pair.exact) facts.push(["KL(A ‖ B)", `${formatNumber(pair.divergence(l, m))} nats`]);
  facts.push(["top tokens shared", formatProb(pair.shared(l, m))]);
  if (!Number.isNaN(pair.entropyChange(l, m))) facts.push(["entropy", `${measureOf(pair, "entropy").text(l, m)}`]);
  const [name, id] = measure.key.split(":");
  if (name === "prob" || name === "rank") facts.push(...tokenFacts(pair, Number(id), l, row));
  return [...facts, ["they part", partingText(pair, m)]];
}

/** Probability and rank of the chosen token in A, then in B. @param {PairPage} pair @param {number} id @param {number} l @param {number} row @returns {[string, string][]} */
function tokenFacts(pair, id, l, row) {
  const sides = /** @type {Side[]} */ (["a", "b"]);
  const of = (/** @type {Side} */ side) => {
    const [record, t] = [pair[side], pair.position(row, side)];
    const at = record.indexOf(id);
    return `${formatProb(record.prob(pair.layer(l, side), t, at).value)} ${formatRank(record.rank(pair.layer(l, side), t, at).value)}`;
  };
  return [[quietText(pair.a.text(pair.a.indexOf(id))), sides.map(of).join(" → ")]];
}
