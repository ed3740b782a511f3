/**
 * What a colour means: one number per (layer, position), its range and its words. Pure.
 * Known and unknown are kept apart: a token outside a cell's top k has a probability that is
 * only known to be at most p_k. Such a cell is *below*, never zero.
 */
import { DECIMAL } from "./decimal.js";
import { formatNumber, formatProb, formatRank, quietText } from "./format.js";
import { linear, linearTicks, probabilityScale, ticksApart } from "./range.js";
import { knownCells, probOf, rankOf } from "./token_prob.js";
/** @import { LensBlocks, LensPage } from "./record.js" */
/** @import { State } from "./state.js" */
/** @import { Range, RangeKind, Tick } from "./range.js" */
/** @import { Colour, RangeChoice } from "./state_values.js" */

/** @typedef {{mode: Colour, label: string, enabled: boolean, why: string}} ColourChoice */

/**
 * Colour modes that this record and choice of tokens can fill.
 * @param {LensPage} record
 * @param {number[]} tokens
 */
export function colourChoices(record, tokens) {
  /** @param {Colour} mode @param {string} label @returns {ColourChoice} */
  const choice = (mode, label, enabled = true, why = "") => ({ mode, label, enabled, why });
  return [
    choice("prob", tokens.length ? "probability, chosen" : "probability, top token"),
    ...(record.hasEntropy ? [choice("entropy", "entropy")] : []),
    ...(record.hasKl ? [choice("kl", "KL to final layer")] : []),
    choice("rank", "rank, chosen", tokens.length > 0, "choose a token first"),
    choice("agree", "agreement with final"),
    choice("none", "none"),
  ];
}

/**
 * The chosen quantity.
 * @typedef {object} Quantity
 * @property {Colour} mode
 * @property {number[]} tokens table rows of the chosen tokens, where the colour is about them
 * @property {string} title what the colour means, for legend and caption
 * @property {Range} range
 * @property {(l: number, t: number) => number} value NaN where nothing was recorded
 * @property {(l: number, t: number) => boolean} below value is only a bound: outside the top k
 * @property {(l: number, t: number) => number} shade 0..1 on the colour scale, −1 below, −2 none
 * @property {(l: number, t: number) => string} text the value as shown: "0.0123", "< 0.0021"
 * @property {Tick[]} ticks of the legend
 * @property {RangeKind} [kind] of the range, where there is a choice
 *
 * @param {LensPage} record
 * @param {{colour: Colour, tokens: number[], range?: RangeChoice}} choice from the state
 * @returns {Quantity}
 */
export function quantityOf(record, choice) {
  const quantity = chosenQuantity(record, choice);
  return { ...quantity, ticks: ticksApart(quantity.ticks) };
}

/** @param {LensPage} record @param {{colour: Colour, tokens: number[], range?: RangeChoice}} choice @returns {Quantity} */
function chosenQuantity(record, choice) {
  const indices = choice.tokens.map((id) => record.indexOf(id)).filter((i) => i >= 0);
  const names = indices.map((i) => quietText(record.text(i))).join(" + ");
  const range = choice.range ?? "auto";
  if (choice.colour === "entropy" && record.hasEntropy) return statistic(record, "entropy", "Entropy (nats)");
  if (choice.colour === "kl" && record.hasKl) return statistic(record, "kl", "KL to the final layer (nats)");
  if (choice.colour === "agree") return agreement(record);
  if (choice.colour === "rank" && indices.length) return rankQuantity(record, indices, names);
  if (choice.colour === "none") return blank();
  return indices.length ? tokenProbability(record, indices, names, range) : topProbability(record, range);
}

/**
 * The largest and smallest of what the scale is for: of the patches where there are some, so that
 * the text, which is often certain, does not leave them blank. Of all lenses together: the same
 * colour is the same number through each.
 * @param {LensPage} record
 * @param {((cell: number) => number)[]} readings what each lens says of a cell; NaN where nothing is known
 */
function extremes(record, readings) {
  let [most, least, elsewhere] = [0, Infinity, 0];
  const of = record.imagePositions.length ? 1 : -1;
  for (const valueOf of readings) {
    for (let cell = 0; cell < record.L * record.T; cell += 1) {
      const value = valueOf(cell);
      if (!(value > 0)) continue;
      if (of === 1 && record.kinds[cell % record.T] !== 1) elsewhere = Math.max(elsewhere, value);
      else {
        if (value > most) most = value;
        if (value < least) least = value;
      }
    }
  }
  // known in no patch: then the scale is for the text
  return most > 0 ? { most, least, above: elsewhere > most } : { most: elsewhere, least: elsewhere / 1000, above: false };
}

/** @type {WeakMap<LensBlocks[], ReturnType<typeof extremes>>} */
const topExtremes = new WeakMap();

/** @param {LensPage} record @param {RangeChoice} range @returns {Quantity} */
function topProbability(record, range) {
  const known = topExtremes.get(record.readings) ?? extremes(record, record.readings.map(({ prob }) => (cell) => DECIMAL[prob[cell * record.K]]));
  topExtremes.set(record.readings, known);
  const scale = probabilityScale(range, known, "unit");
  return {
    ...scale, mode: "prob", tokens: [], title: "Probability of the top token",
    value: (l, t) => record.topProb(l, t, 0),
    below: () => false,
    shade: (l, t) => scale.shade(record.topProb(l, t, 0)),
    text: (l, t) => formatProb(record.topProb(l, t, 0)),
  };
}

/** @param {LensPage} record @param {number[]} indices @param {string} names @param {RangeChoice} range @returns {Quantity} */
function tokenProbability(record, indices, names, range) {
  const sumsOf = (/** @type {LensPage} */ one) => {
    const known = new Float64Array(record.L * record.T).fill(NaN); // NaN: nothing is known
    knownCells(one, indices, (cell, p) => { known[cell] = Math.min(1, (known[cell] || 0) + p); });
    return known;
  };
  const all = record.everyLens.map(sumsOf);
  const sums = all[record.lens];
  const scale = probabilityScale(range, extremes(record, all.map((known) => (cell) => known[cell])), "report");
  return {
    ...scale, mode: "prob", tokens: indices, title: `Probability of ${names}`,
    value: (l, t) => probOf(record, l, t, indices).value,
    below: (l, t) => Number.isNaN(sums[l * record.T + t]),
    shade(l, t) {
      const p = sums[l * record.T + t];
      return Number.isNaN(p) ? -1 : scale.shade(p);
    },
    text(l, t) {
      const p = probOf(record, l, t, indices);
      return `${p.exact ? "" : p.known ? "≥ " : "< "}${formatProb(p.value)}`;
    },
  };
}

/** The best rank of tokens in every cell; −1: known only to be k or worse. @param {LensPage} record @param {number[]} indices */
function bestRanks(record, indices) {
  const ranks = new Int32Array(record.L * record.T).fill(-1);
  knownCells(record, indices, (cell, _p, rank) => {
    if (ranks[cell] < 0 || rank < ranks[cell]) ranks[cell] = rank;
  });
  // a tracked token may lie far down while another one is only known to be no better than k
  if (indices.some((i) => record.slot(i) < 0)) ranks.forEach((rank, cell) => { if (rank > record.K) ranks[cell] = -1; });
  return ranks;
}

/** @param {LensPage} record @param {number[]} indices @param {string} names @returns {Quantity} */
function rankQuantity(record, indices, names) {
  const all = record.everyLens.map((one) => bestRanks(one, indices));
  const ranks = all[record.lens];
  let worst = record.K;
  for (const one of all) for (const rank of one) if (rank > worst) worst = rank;
  const shadeOf = (/** @type {number} */ rank) => 1 - Math.log1p(rank) / Math.log1p(worst);
  const known = all.some((one) => one.some((rank) => rank >= record.K)) ? worst : record.K - 1; // the worst that is shown
  const ticks = [0, 1, 9, 99, 999, 9999, 99999].filter((rank) => rank < known * 0.7);
  return {
    mode: "rank", tokens: indices, title: `Rank of ${names}`, range: [0, worst],
    ticks: [...ticks, known].reverse().map((rank) => ({ at: shadeOf(rank), text: formatRank(rank) })),
    value: (l, t) => rankOf(record, l, t, indices).value,
    below: (l, t) => ranks[l * record.T + t] < 0,
    shade(l, t) {
      const rank = ranks[l * record.T + t];
      return rank < 0 ? -1 : shadeOf(rank);
    },
    text(l, t) {
      const rank = rankOf(record, l, t, indices);
      return rank.known ? formatRank(rank.value) : `> ${formatRank(record.K - 1)}`;
    },
  };
}

/** @param {LensPage} record @param {"entropy"|"kl"} name @param {string} title @returns {Quantity} */
function statistic(record, name, title) {
  let most = 0;
  for (const one of record.everyLens) everyCell(one, (l, t) => { const v = one[name](l, t); if (v > most) most = v; });
  const range = /** @type {Range} */ ([0, most || 1]);
  return {
    mode: name, tokens: [], title, range, ticks: linearTicks(range, formatNumber),
    value: (l, t) => record[name](l, t),
    below: () => false,
    shade(l, t) {
      const value = record[name](l, t);
      return Number.isNaN(value) ? -2 : linear(value, range);
    },
    text: (l, t) => formatNumber(record[name](l, t)),
  };
}

/** The top itself stands out from the rest of the top k. @param {number} rank @param {number} k */
const agreementShade = (rank, k) => (rank === 0 ? 1 : 0.6 * (1 - rank / k));

/** Where the final layer's top token stands at layer l: top, among the top k, or below. @param {LensPage} record @returns {Quantity} */
function agreement(record) {
  const rank = (/** @type {number} */ l, /** @type {number} */ t) => record.rank(l, t, record.topIndex(record.L - 1, t, 0));
  return {
    mode: "agree", tokens: [], title: "Rank of the position's final token", range: [0, record.K],
    ticks: [...new Set([record.K - 1, 1, 0])].filter((r) => r < record.K).map((r) => ({ at: agreementShade(r, record.K), text: formatRank(r) })),
    value: (l, t) => rank(l, t).value,
    below: (l, t) => rank(l, t).value >= record.K,
    shade(l, t) {
      const { value } = rank(l, t);
      if (value >= record.K) return -1;
      return agreementShade(value, record.K);
    },
    text(l, t) {
      const { value, exact } = rank(l, t);
      return exact ? formatRank(value) : `> ${formatRank(record.K - 1)}`;
    },
  };
}

/** @returns {Quantity} */
function blank() {
  return {
    mode: "none", tokens: [], title: "", range: [0, 1], ticks: [],
    value: () => NaN, below: () => false, shade: () => -2, text: () => "",
  };
}

/** @param {LensPage} record @param {(l: number, t: number) => void} visit */
function everyCell(record, visit) {
  for (let l = 0; l < record.L; l += 1) for (let t = 0; t < record.T; t += 1) visit(l, t);
}

/** @type {WeakMap<LensBlocks, {key: string, quantity: Quantity}>} by lens */
const made = new WeakMap();

/**
 * The quantity that the state asks for, made once per choice and shared by all panels.
 * Subscribe to `QUANTITY_KEYS` to know when it changes.
 * @param {LensPage} record
 * @param {State} state
 * @returns {Quantity}
 */
export function quantityNow(record, state) {
  const { colour, tokens, range } = state.all();
  const key = `${colour} ${tokens} ${range}`;
  let last = made.get(record.blocks);
  if (last?.key !== key) {
    last = { key, quantity: quantityOf(record.through(), { colour, tokens, range }) };
    made.set(record.blocks, last);
  }
  return last.quantity;
}
/** @type {("lens"|"colour"|"tokens"|"range")[]} */
export const QUANTITY_KEYS = ["lens", "colour", "tokens", "range"];
