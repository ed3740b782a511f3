/**
 * What a cell says: position, layer, top tokens as bars, entropy, KL, decision layer.
 * Shows `hover`, whoever set it; stands beside the anchor that was named before.
 */
/* global formatNumber, formatProb, formatRank, probOf, rankOf */

/** Where the tooltip points: the cell, patch or chip that set `hover`. */
let tooltipAnchor = null;

/**
 * Say where on the screen the hovered thing is, before `state.set({hover})`.
 * @param {DOMRect|{left: number, top: number, right: number, bottom: number}} rect client pixels
 */
export function anchorTooltip(rect) {
  tooltipAnchor = rect;
}

/**
 * A place beside the anchor that lies inside the window: to the right, else the left, else below
 * or above it.
 * @param {{left: number, top: number, right: number, bottom: number}} anchor
 * @param {{width: number, height: number}} tip
 * @param {{width: number, height: number}} room
 * @returns {{left: number, top: number}}
 */
export function tooltipPlace(anchor, tip, room) {
  const gap = 10;
  const edge = 6;
  const inside = (at, size, all) => Math.max(edge, Math.min(at, all - size - edge));
  const middle = inside((anchor.top + anchor.bottom) / 2 - 40, tip.height, room.height);
  if (anchor.right + gap + tip.width + edge <= room.width) return { left: anchor.right + gap, top: middle };
  if (anchor.left - gap - tip.width >= edge) return { left: anchor.left - gap - tip.width, top: middle };
  const left = inside(anchor.left, tip.width, room.width);
  const below = anchor.bottom + gap;
  if (below + tip.height + edge <= room.height) return { left, top: below };
  return { left, top: inside(anchor.top - gap - tip.height, tip.height, room.height) };
}

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountTooltip(root, record, state) {
  root.append(document.getElementById("tooltip-frame").content.cloneNode(true));
  const [label, layer, place, tokens, facts] = [".tip-label", ".tip-layer", ".tip-place", ".tip-tokens", ".tip-facts"]
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
      text.textContent = record.text(i);
      bar.firstElementChild.style.width = `${100 * Math.min(1, record.topProb(l, t, r))}%`;
      prob.textContent = formatProb(record.topProb(l, t, r));
      id.textContent = String(record.id(i));
    });
  }

  function factsOf(l, t, chosen) {
    const list = [];
    for (const i of chosen) {
      const [p, rank] = [probOf(record, l, t, [i]), rankOf(record, l, t, [i])];
      list.push([record.text(i), p.known ? `${formatProb(p.value)} · ${formatRank(rank.value)}` : `below ${formatProb(p.value)}`]);
    }
    if (chosen.length > 1) {
      const sum = probOf(record, l, t, chosen);
      list.push(["together", `${sum.exact ? "" : sum.known ? "≥ " : "each < "}${formatProb(sum.value)}`]);
    }
    if (!Number.isNaN(record.entropy(l, t))) list.push(["entropy", `${formatNumber(record.entropy(l, t))} nats`]);
    if (!Number.isNaN(record.kl(l, t))) list.push(["KL to final", `${formatNumber(record.kl(l, t))} nats`]);
    const [decided, surest] = [record.decision(t), record.surest(t)];
    list.push(["decided from", record.layerName(decided)]);
    list.push(["most certain", `${record.layerName(surest)}: ${record.text(record.topIndex(surest, t, 0))} ${formatProb(record.topProb(surest, t, 0))}`]);
    return list;
  }

  function draw() {
    const cell = state.get("hover");
    root.hidden = !cell;
    if (!cell) return;
    const { layer: l, position: t } = cell;
    const chosen = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    label.textContent = record.label(t);
    label.classList.toggle("token", record.kind(t) !== 1);
    layer.textContent = record.layerName(l);
    const at = record.place(t);
    const view = record.views.length > 1 && record.view(t) >= 0 ? `${record.view(t) === 0 ? "whole image" : `tile ${record.view(t)}`} · ` : "";
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
    const spot = tooltipPlace(anchor, { width: root.offsetWidth, height: root.offsetHeight }, { width: innerWidth, height: innerHeight });
    root.style.transform = `translate(${Math.round(spot.left)}px, ${Math.round(spot.top)}px)`;
  }
  state.on(["hover", "tokens"], draw);
}
