/**
 * What a cell says: position, layer, top tokens as bars, entropy, KL, decision layer.
 * Shows `hover`, whoever set it; stands beside the anchor that was named before.
 */
import { formatNumber, formatProb, formatRank, visibleText } from "../core/format.js";
import { probOf, rankOf } from "../core/token_prob.js";

/** Where the tooltip points: the cell, patch or chip that set `hover`. */
let tooltipAnchor = null;
let tooltipSide = "beside";

/**
 * Say where on the screen the hovered thing is, before `state.set({hover})`.
 * @param {DOMRect|{left: number, top: number, right: number, bottom: number}} rect client pixels
 * @param {"beside"|"below"} [side] where the tooltip hides least: what is read along a row wants it
 *   below
 */
export function anchorTooltip(rect, side = "beside") {
  tooltipAnchor = rect;
  tooltipSide = side;
}

/**
 * A place at the anchor that lies inside the window and does not cover the anchor: on the side that
 * is asked for, else opposite, else on one of the other two.
 * @param {{left: number, top: number, right: number, bottom: number}} anchor
 * @param {{width: number, height: number}} tip
 * @param {{width: number, height: number}} room
 * @param {"beside"|"below"} [side]
 * @returns {{left: number, top: number}}
 */
export function tooltipPlace(anchor, tip, room, side = "beside") {
  const gap = 10;
  const edge = 6;
  const inside = (at, size, all) => Math.max(edge, Math.min(at, all - size - edge));
  const fits = (at, size, all) => at >= edge && at + size + edge <= all;
  const middle = inside((anchor.top + anchor.bottom) / 2 - 40, tip.height, room.height);
  const start = inside(anchor.left, tip.width, room.width);
  const beside = [anchor.right + gap, anchor.left - gap - tip.width]
    .filter((left) => fits(left, tip.width, room.width)).map((left) => ({ left, top: middle }));
  const below = [anchor.bottom + gap, anchor.top - gap - tip.height]
    .filter((top) => fits(top, tip.height, room.height)).map((top) => ({ left: start, top }));
  const places = side === "below" ? [...below, ...beside] : [...beside, ...below];
  return places[0] ?? { left: start, top: inside(anchor.bottom + gap, tip.height, room.height) };
}

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountTooltip(root, record, state) {
  root.append(document.getElementById("tooltip-frame").content.cloneNode(true));
  const [after, label, layer, place, tokens, facts] = [".tip-after", ".tip-label", ".tip-layer", ".tip-place", ".tip-tokens", ".tip-facts"]
    .map((name) => root.querySelector(name));
  const tokenTemplate = document.getElementById("tooltip-token");
  const factTemplate = document.getElementById("tooltip-fact");

  /** As many clones as needed, reused. */
  function clones(parent, template, count) {
    while (parent.children.length > count) parent.lastElementChild.remove();
    while (parent.children.length < count) parent.append(template.content.cloneNode(true));
    return [...parent.children];
  }

  function fillTokens(l, t, chosen) {
    const items = clones(tokens, tokenTemplate, record.K);
    items.forEach((item, r) => {
      const i = record.topIndex(l, t, r);
      const [rank, text, bar, prob, id] = item.children;
      item.classList.toggle("chosen", chosen.includes(i));
      rank.textContent = String(r + 1);
      text.textContent = visibleText(record.text(i));
      bar.firstElementChild.style.width = `${100 * Math.min(1, record.topProb(l, t, r))}%`;
      prob.textContent = formatProb(record.topProb(l, t, r));
      id.textContent = String(record.id(i));
    });
  }

  /** What the model wrote next, as a fact of the position that was to say it. */
  function saidNext(l, t) {
    const i = record.input(t + 1);
    const [p, rank] = [record.prob(l, t, i), record.rank(l, t, i)];
    const value = p.exact ? `${formatProb(p.value)} · ${formatRank(rank.value)}` : `below ${formatProb(p.value)}`;
    return ["said next", `${visibleText(record.text(i))} ${value}`];
  }

  function factsOf(l, t, chosen) {
    const list = [];
    for (const i of chosen) {
      const [p, rank] = [probOf(record, l, t, [i]), rankOf(record, l, t, [i])];
      list.push([visibleText(record.text(i)), p.known ? `${formatProb(p.value)} · ${formatRank(rank.value)}` : `below ${formatProb(p.value)}`]);
    }
    if (chosen.length > 1) {
      const sum = probOf(record, l, t, chosen);
      list.push(["sum", `${sum.exact ? "" : sum.known ? "≥ " : "each < "}${formatProb(sum.value)}`]);
    }
    if (t + 1 < record.T && record.kind(t + 1) === 2) list.push(saidNext(l, t));
    if (!Number.isNaN(record.entropy(l, t))) list.push(["entropy", `${formatNumber(record.entropy(l, t))} nats`]);
    if (!Number.isNaN(record.kl(l, t))) list.push(["KL to final", `${formatNumber(record.kl(l, t))} nats`]);
    const [decided, surest] = [record.decision(t), record.surest(t)];
    list.push(["decided from", record.layerName(decided)]);
    list.push(["most certain", `${record.layerName(surest)}: ${visibleText(record.text(record.topIndex(surest, t, 0)))} ${formatProb(record.topProb(surest, t, 0))}`]);
    return list;
  }

  function draw() {
    const cell = state.get("hover");
    root.hidden = !cell;
    if (!cell) return;
    const { layer: l, position: t } = cell;
    const chosen = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    after.hidden = record.kind(t) === 1; // a text position's cells say what comes after its token
    label.textContent = visibleText(record.label(t));
    label.classList.toggle("token", record.kind(t) !== 1);
    layer.textContent = record.layerName(l);
    const at = record.place(t);
    const view = record.views.length > 1 && record.view(t) >= 0 ? `${record.viewName(record.view(t))} · ` : "";
    place.textContent = `${["text", "image", "answer"][record.kind(t)]} · ${view}${at ? `row ${at.row}, column ${at.column} · ` : ""}position ${t}`;
    fillTokens(l, t, chosen);
    const list = factsOf(l, t, chosen);
    clones(facts, factTemplate, list.length).forEach((item, n) => {
      const [name, value] = item.children;
      name.textContent = list[n][0];
      name.classList.toggle("token", n < chosen.length);
      value.textContent = list[n][1];
    });
    const anchor = tooltipAnchor ?? { left: 0, top: 0, right: 0, bottom: 0 };
    const spot = tooltipPlace(anchor, { width: root.offsetWidth, height: root.offsetHeight }, { width: innerWidth, height: innerHeight }, tooltipSide);
    root.style.transform = `translate(${Math.round(spot.left)}px, ${Math.round(spot.top)}px)`;
  }
  state.on(["hover", "tokens"], draw);
  addEventListener("resize", () => state.set({ hover: null })); // the anchor has moved
  // a finger leaves nothing that it could leave by: whatever it touches next ends the last tooltip
  addEventListener("pointerdown", (event) => { if (event.pointerType === "touch") state.set({ hover: null }); }, { capture: true });
}
