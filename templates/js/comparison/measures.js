/**
 * What is compared: a number of A, the same of B, and how they differ, with their scales. Pure.
 * Shades are 0..1, or −1..1 where a change may have either sign; 0 has no colour.
 */
import { formatNumber, formatProb, formatRank, quietText } from "../core/format.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { PairPage } from "./pair.js" */

/**
 * @typedef {object} PairMeasure
 * @property {string} key as in the state
 * @property {string} label in the menu
 * @property {string} sideTitle what the maps of A and B show
 * @property {string} title what the difference shows
 * @property {boolean} signed
 * @property {(side: LensPage, l: number, t: number) => number} sideShade `l` a layer of that side
 * @property {(side: LensPage, l: number, t: number) => string} sideText
 * @property {(l: number, m: number) => number} value NaN where it is not known
 * @property {(l: number, m: number) => number} shade NaN where it is not known
 * @property {(l: number, m: number) => string} text
 * @property {[string, string, string]} sideEnds of the scale of A and B
 * @property {[string, string, string]} ends of the scale of the difference: least, middle, most
 */

/** What can be chosen. @param {PairPage} pair @returns {{key: string, label: string}[]} */
export function measureChoices(pair) {
  const texts = pair.tracked.map((id) => ({ id, text: quietText(tokenText(pair, id)) }));
  return [
    { key: "variation", label: pair.exact ? "total variation" : "total variation, at least" },
    ...(pair.exact ? [{ key: "kl", label: "KL(A ‖ B)" }] : []),
    { key: "flip", label: "top token flips" },
    { key: "shared", label: `top ${Math.min(pair.a.K, pair.b.K)} not shared` },
    ...(pair.blocks.entropy_change ? [{ key: "entropy", label: "entropy" }] : []),
    ...texts.map(({ id, text }) => ({ key: `prob:${id}`, label: `probability of ${text}` })),
    ...texts.map(({ id, text }) => ({ key: `rank:${id}`, label: `rank of ${text}` })),
  ];
}

/** @param {PairPage} pair @param {number} id */
function tokenText(pair, id) {
  const at = pair.a.indexOf(id);
  return at >= 0 ? pair.a.text(at) : pair.b.text(pair.b.indexOf(id));
}

/** @type {WeakMap<PairPage, Map<string, PairMeasure>>} */
const measuresMade = new WeakMap();

/** The measure of that name, made once; what there is not gives the first. @param {PairPage} pair @param {string} key @returns {PairMeasure} */
export function measureOf(pair, key) {
  const choices = measureChoices(pair);
  const { key: wanted, label } = choices.find((choice) => choice.key === key) ?? choices[0];
  const known = measuresMade.get(pair) ?? new Map();
  measuresMade.set(pair, known);
  if (!known.has(wanted)) known.set(wanted, { key: wanted, label, ...makeMeasure(pair, wanted) });
  return /** @type {PairMeasure} */ (known.get(wanted));
}

/** @typedef {Omit<PairMeasure, "key"|"label">} Made */

/** @param {PairPage} pair @param {string} key @returns {Made} */
function makeMeasure(pair, key) {
  const [name, id] = key.split(":");
  if (name === "kl") return oneSided(pair, "KL(A ‖ B), nats", (l, m) => pair.divergence(l, m), formatNumber);
  if (name === "flip") return { ...oneSided(pair, "the top token differs", (l, m) => (pair.flips(l, m) ? 1 : 0), (v) => (v ? "flips" : "same"), 1), ends: ["same", "", "flips"] };
  if (name === "shared") return oneSided(pair, "share of the top tokens that only one has", (l, m) => 1 - pair.shared(l, m), formatProb, 1);
  if (name === "entropy") return entropyMeasure(pair);
  if (name === "prob") return probMeasure(pair, Number(id));
  if (name === "rank") return rankMeasure(pair, Number(id));
  const bound = pair.exact ? "" : "≥ ";
  const title = pair.exact ? "total variation of A and B" : "total variation of A and B, at least";
  return oneSided(pair, title, (l, m) => pair.variation(l, m), (v) => `${v > 0 ? bound : ""}${formatProb(v)}`, 1);
}

/** What A and B themselves show where the difference is about all tokens. */
const topTokens = {
  sideTitle: "probability of the top token",
  sideShade: (/** @type {LensPage} */ side, /** @type {number} */ l, /** @type {number} */ t) => side.topProb(l, t, 0),
  sideText: (/** @type {LensPage} */ side, /** @type {number} */ l, /** @type {number} */ t) => `${quietText(side.text(side.topIndex(l, t, 0)))} ${formatProb(side.topProb(l, t, 0))}`,
  sideEnds: /** @type {[string, string, string]} */ (["0", "0.5", "1"]),
};

/** @param {PairPage} pair @param {string} title @param {(l: number, m: number) => number} value @param {(value: number) => string} write @param {number} [limit] @returns {Made} */
function oneSided(pair, title, value, write, limit = mostOfPairs(pair, value)) {
  return {
    ...topTokens, title, signed: false, value,
    shade: (l, m) => Math.min(1, value(l, m) / limit),
    text: (l, m) => write(value(l, m)),
    ends: ["0", formatNumber(limit / 2), formatNumber(limit)],
  };
}

/** The largest of all that is finite, above 0. @param {PairPage} pair @param {(l: number, m: number) => number} value */
function mostOfPairs(pair, value) {
  let most = 1e-9;
  for (let l = 0; l < pair.L; l += 1) {
    for (let m = 0; m < pair.M; m += 1) {
      const size = Math.abs(value(l, m));
      if (size > most && size < 9e9) most = size; // larger is infinite, see blocks.py
    }
  }
  return most;
}

/** The largest of both sides. @param {PairPage} pair @param {(side: LensPage, l: number, t: number) => number} value */
function mostOfSides(pair, value) {
  let most = 1e-9;
  for (const side of [pair.a, pair.b]) {
    for (let l = 0; l < side.L; l += 1) for (let t = 0; t < side.T; t += 1) most = Math.max(most, value(side, l, t) || 0);
  }
  return most;
}

/** A change with its sign. @param {number} value @param {(value: number) => string} [write] */
const signedText = (value, write = formatNumber) => `${value > 0 ? "+" : ""}${write(value)}`;

/** @param {PairPage} pair @returns {Made} */
function entropyMeasure(pair) {
  const value = (/** @type {number} */ l, /** @type {number} */ m) => pair.entropyChange(l, m);
  const [most, limit] = [mostOfSides(pair, (side, l, t) => side.entropy(l, t)), mostOfPairs(pair, value)];
  return {
    sideTitle: "entropy, nats", title: "change of entropy, nats", signed: true, value,
    sideShade: (side, l, t) => side.entropy(l, t) / most,
    sideText: (side, l, t) => `${formatNumber(side.entropy(l, t))} nats`,
    shade: (l, m) => value(l, m) / limit,
    text: (l, m) => `${signedText(value(l, m))} nats`,
    sideEnds: ["0", formatNumber(most / 2), formatNumber(most)],
    ends: [formatNumber(-limit), "0", signedText(limit)],
  };
}

/** @param {PairPage} pair @param {number} id of a token @returns {Made} */
function probMeasure(pair, id) {
  const [slot, name] = [pair.tracked.indexOf(id), quietText(tokenText(pair, id))];
  const of = (/** @type {LensPage} */ side, /** @type {number} */ l, /** @type {number} */ t) => side.prob(l, t, side.indexOf(id)).value;
  const value = (/** @type {number} */ l, /** @type {number} */ m) => pair.probChange(l, m, slot);
  const [most, limit] = [mostOfSides(pair, of), mostOfPairs(pair, value)];
  return {
    sideTitle: `probability of ${name}`, title: `change of the probability of ${name}`, signed: true, value,
    sideShade: (side, l, t) => of(side, l, t) / most,
    sideText: (side, l, t) => `p ${formatProb(of(side, l, t))}`,
    shade: (l, m) => value(l, m) / limit,
    text: (l, m) => signedText(value(l, m)),
    sideEnds: ["0", formatNumber(most / 2), formatNumber(most)],
    ends: [formatNumber(-limit), "0", signedText(limit)],
  };
}

/** Ranks on a logarithmic scale; the top is strong. @param {PairPage} pair @param {number} id @returns {Made} */
function rankMeasure(pair, id) {
  const [slot, name] = [pair.tracked.indexOf(id), quietText(tokenText(pair, id))];
  const of = (/** @type {LensPage} */ side, /** @type {number} */ l, /** @type {number} */ t) => side.rank(l, t, side.indexOf(id)).value;
  const value = (/** @type {number} */ l, /** @type {number} */ m) => pair.rankChange(l, m, slot);
  const [most, limit] = [mostOfSides(pair, of), Math.max(1, mostOfPairs(pair, value))];
  return {
    sideTitle: `rank of ${name}`, title: `change of the rank of ${name}; blue: nearer to the top in B`, signed: true, value,
    sideShade: (side, l, t) => 1 - Math.log1p(of(side, l, t)) / Math.log1p(most),
    sideText: (side, l, t) => formatRank(of(side, l, t)),
    shade: (l, m) => (Math.sign(value(l, m)) * Math.log1p(Math.abs(value(l, m)))) / Math.log1p(limit),
    text: (l, m) => signedText(value(l, m), (v) => String(v)),
    sideEnds: [formatRank(most), formatRank(Math.round(Math.sqrt(most + 1)) - 1), "#1"],
    ends: [String(-limit), "0", `+${limit}`],
  };
}

/** Mean size of the difference over some pairs, layer by layer; NaN where nothing is known. @param {PairPage} pair @param {PairMeasure} measure @param {ArrayLike<number>} some pairs */
export function meanByLayer(pair, measure, some) {
  return Array.from({ length: pair.L }, (_, l) => {
    let [sum, count] = [0, 0];
    for (let n = 0; n < some.length; n += 1) {
      const value = Math.abs(measure.value(l, some[n]));
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return count ? sum / count : NaN;
  });
}
