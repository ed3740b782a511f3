import test from "node:test";
import assert from "node:assert/strict";
import { answerColumns } from "../../templates/js/comparison/alignment.js";
import { inkOn, mixed, partingShade } from "../../templates/js/comparison/looks.js";
import { measureChoices, measureOf, meanByLayer } from "../../templates/js/comparison/measures.js";
import { PairPage } from "../../templates/js/comparison/pair.js";
import { panelShades, panelSummary, panelText, partingText } from "../../templates/js/comparison/panels.js";
import { contrast } from "../../templates/js/core/colour.js";
import { code } from "./panels.js";

const half = code(500, -1), tenth = code(100, -1), zero = 0;

/** Blocks of one side: 2 layers, k = 1, token table of 5. */
function side(kinds, input, top) {
  return {
    token_text: ["▁a", "▁red", "▁blue", "▁cir", "cle"], token_id: Int32Array.from([10, 11, 12, 13, 14]),
    input: Uint16Array.from(input), kind: Uint8Array.from(kinds),
    box: Float32Array.from(kinds.flatMap((kind, t) => (kind === 1 ? [t, 0, t + 1, 1] : [NaN, NaN, NaN, NaN]))),
    patch_view: Int16Array.from(kinds, (kind) => (kind === 1 ? 0 : -1)),
    top: Uint16Array.from(top), prob: Uint16Array.from(top, () => half),
    tracked_prob: Uint16Array.from(top, () => tenth), tracked_rank: Int32Array.from(top, (_, n) => n),
  };
}

/** A says "a red circle", B "a blue circle"; two patches, of which B lacks the second. */
function madePair(more = {}) {
  const info = (positions) => ({ meta: { image: { name: "x.png", width: 4, height: 1 }, model: "m" }, layers: [0, 4], positions, ranks: 1, tokens: 5, tracked: [1] });
  const a = side([1, 1, 2, 2, 2, 2], [0, 0, 0, 1, 3, 4], [0, 1, 1, 3, 4, 0, 0, 1, 1, 3, 4, 0]);
  const b = side([1, 2, 2, 2, 2], [0, 0, 2, 3, 4], [0, 2, 3, 4, 0, 0, 2, 3, 4, 0]);
  const named = (blocks, letter) => Object.fromEntries(Object.entries(blocks).map(([name, block]) => [`${letter}_${name}`, block]));
  const rows = [0, 0, 1, -1, 2, 1, 3, -1, -1, 2, 4, 3, 5, 4];
  const M = 4;
  return new PairPage({ a: info(6), b: info(5), layers: [[0, 0], [1, 1]], notes: [], exact: false, tracked: [11], pairs: M, ...more.info }, {
    ...named(a, "a"), ...named(b, "b"), rows: Int32Array.from(rows),
    flip: Uint8Array.from([0, 1, 0, 0, 0, 1, 1, 0]), shared: Uint16Array.from(Array(2 * M).fill(tenth)),
    variation: Uint16Array.from([zero, half, zero, zero, half, half, tenth, zero]),
    parting: Int32Array.from([1, -1, 0, -1]),
    prob_change: Float32Array.from([0, -0.4, 0.2, 0, 0, 0, 0, 0]), rank_change: Int32Array.from([0, 9, -99, 0, 0, 0, 0, 0]),
    ...more.blocks,
  });
}

test("rows know their positions and pairs, and what is alone has none", () => {
  const pair = madePair();
  assert.equal(pair.R, 7);
  assert.deepEqual([...pair.pairs], [0, -1, 1, -1, -1, 2, 3]);
  assert.deepEqual([...pair.rowOfPair], [0, 2, 5, 6]);
  assert.equal(pair.rowOf.a.get(1), 1);
  assert.equal(pair.rowOf.b.get(2), 4);
  assert.equal(pair.label(4), "▁blue");
  assert.equal(pair.kind(4), 2);
  assert.equal(panelText(pair, measureOf(pair, "variation"), "difference", 0, 1), "no partner");
  assert.equal(panelText(pair, measureOf(pair, "variation"), "b", 0, 1), "no partner");
});

test("both answers are columns: the same, and what each says instead, pieces with their word", () => {
  const pair = madePair();
  const said = answerColumns(pair).map(({ a, b, same }) => [a.map((row) => pair.label(row)).join(""), b.map((row) => pair.label(row)).join(""), same]);
  assert.deepEqual(said, [["▁a", "▁a", true], ["▁red", "▁blue", false], ["▁circle", "▁circle", true]]);
});

test("what each says instead stands word beside word", () => {
  const pair = madePair();
  pair.b.blocks.input = Uint16Array.from([0, 0, 2, 1, 2]); // B: a, blue red blue
  const rows = [0, 0, 1, -1, 2, 1, 3, -1, 4, -1, 5, -1, -1, 2, -1, 3, -1, 4];
  const other = Object.assign(pair, { blocks: { ...pair.blocks, rows: Int32Array.from(rows) }, R: 9, pairs: Int32Array.from([0, -1, 1, -1, -1, -1, -1, -1, -1]) });
  const said = answerColumns(other).map(({ a, b, same }) => [a.map((row) => pair.label(row)).join(""), b.map((row) => pair.label(row)).join(""), same]);
  assert.deepEqual(said, [["▁a", "▁a", true], ["▁red", "▁blue", false], ["▁circle", "▁red", false], ["", "▁blue", false]]);
});

test("what is only known from below says so, and nothing is not at least nothing", () => {
  const bound = measureOf(madePair(), "variation");
  assert.equal(bound.text(0, 1), "≥ 0.500");
  assert.equal(bound.text(0, 0), "0");
  assert.match(bound.title, /at least/);
  const exact = madePair({ info: { exact: true }, blocks: { divergence: Uint16Array.from(Array(8).fill(half)) } });
  assert.equal(measureOf(exact, "variation").text(0, 1), "0.500");
  assert.equal(measureOf(exact, "kl").text(0, 1), "0.500");
  assert.ok(!measureChoices(madePair()).some(({ key }) => key === "kl"));
});

test("changes keep their sign, end at the largest, and are nothing at zero", () => {
  const pair = madePair();
  const prob = measureOf(pair, "prob:11");
  assert.ok(Math.abs(prob.shade(0, 1) + 1) < 1e-6 && Math.abs(prob.shade(0, 2) - 0.5) < 1e-6);
  assert.equal(prob.shade(0, 0), 0);
  assert.equal(prob.text(0, 2), "+0.200");
  assert.deepEqual(prob.ends, ["-0.400", "0", "+0.400"]);
  const rank = measureOf(pair, "rank:11");
  assert.equal(rank.shade(0, 2), -1);
  assert.ok(Math.abs(rank.shade(0, 1) - 0.5) < 1e-6); // log 10 of log 100
  assert.equal(rank.text(0, 1), "+9");
});

test("a measure that there is not gives the first one", () => {
  assert.equal(measureOf(madePair(), "prob:999").key, "variation");
  assert.equal(measureOf(madePair(), "__proto__").key, "variation");
});

test("maps have a shade for every row that they know", () => {
  const pair = madePair();
  const shades = panelShades(pair, measureOf(pair, "variation"), "difference", 1);
  assert.deepEqual([...shades].map((shade) => (Number.isNaN(shade) ? null : shade)), [0.5, null, 0.5, null, null, Math.fround(0.1), 0]);
  assert.ok(Number.isNaN(panelShades(pair, measureOf(pair, "variation"), "b", 0)[1]));
  assert.equal(panelSummary(pair, measureOf(pair, "flip"), "difference", 0), "0 of 1 flip");
  assert.equal(panelSummary(pair, measureOf(pair, "flip"), "parting", 0), "1 of 1 part");
  assert.deepEqual(meanByLayer(pair, measureOf(pair, "variation"), [0, 1]), [0.25, 0.5]);
});

test("they part at a layer, by a layer where only a bound is known, or never", () => {
  assert.equal(partingText(madePair(), 0), "by layer 4");
  assert.equal(partingText(madePair({ info: { exact: true } }), 0), "layer 4");
  assert.equal(partingText(madePair({ info: { exact: true } }), 1), "never");
  assert.equal(partingShade(-1, 9), 0);
  assert.ok(partingShade(0, 9) === 1 && partingShade(8, 9) > 0.1 && partingShade(3, 9) > partingShade(4, 9));
});

test("layers that meet by depth have two numbers", () => {
  assert.equal(madePair().layerText(1), "4");
  const apart = madePair();
  apart.b.layers = [0, 8];
  const pair = Object.assign(apart, { byDepth: true });
  assert.equal(pair.layerText(1), "4|8");
  assert.equal(pair.layerName(1), "layer 4 of A, 8 of B");
});

test("words can be read on every colour of the grid, and zero is the page's own surface", () => {
  for (const [dark, surface] of [[false, [255, 255, 255]], [true, [25, 29, 36]]]) {
    for (const signed of [true, false]) {
      const look = { dark, signed, limit: 1, surface: "", pin: "", halo: "" };
      for (let shade = signed ? -1 : 0; shade <= 1; shade += 1 / 64) {
        const fill = mixed(shade, look, surface);
        assert.ok(contrast(fill, inkOn(fill)) >= 4.5, `${dark} ${signed} ${shade}`);
      }
      assert.deepEqual(mixed(0, look, surface), surface);
    }
  }
});
