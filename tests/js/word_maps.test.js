import test from "node:test";
import assert from "node:assert/strict";
import { smallRecord } from "./page.js";
import { captionOf, isRead, missingOf, supportText } from "../../templates/js/maps/captions.js";
import { controlDrops, dependsOn, knockedOut, mapsOf, mostByLayer, readsAs, saidWords, valueText, wordAt, wordFacts, writesDirectly, writtenByLayer } from "../../templates/js/core/word_maps.js";
import { wordMapsCsv, wordsJson } from "../../templates/js/export/word_csv.js";

const code = (m, e) => 1 + 900 * (e + 62) + m - 100; // m·10^(e−2)
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);

/** 2 layers × 4 positions: text, two patches, and answers at 2 … here positions 1, 2 are patches, 3 is the answer. */
const record = () => smallRecord({
  tracked: [0],
  blocks: {
    tracked_prob: Uint16Array.from([code(100, -1), code(200, -1), code(300, -1), 0, code(100, -1), code(900, -1), code(400, -1), 0]),
    tracked_rank: Int32Array.from([5, 4, 3, 0, 1, 0, 2, 0]),
    word_spans: Int32Array.from([0, 1]),
    word_index: Int32Array.from([0]),
    support_max: Float32Array.from([0.3]), support_rank: Int32Array.from([3]), support_percentile: Float32Array.from([0.5]), support_cell: Int32Array.from([0, 2]),
    ablate_patch: Float32Array.from([-0.5, 2]), ablate_control: Float32Array.from([0.3, 0.1, 0.2]),
    knockout_bands: Int32Array.from([1, 2]), knockout_drop: Float32Array.from([4, 0.5, NaN]),
    wrote: Float32Array.from([0.1, 1, 2, -3, 4]), wrote_rest: Float32Array.from([0.25]), wrote_patch: Float32Array.from([1.5, NaN]),
    against_index: Int32Array.from([1]),
  },
});

test("a word is the tokens of its span, and stands for one token in the lens", () => {
  const words = saidWords(record());
  assert.deepEqual(words.map(({ first, last, index, text }) => [first, last, index, text]), [[0, 1, 0, "dog"]]);
  assert.equal(wordAt(record(), 3), 0);
  assert.equal(wordAt(record(), 2), -1);
  assert.deepEqual(saidWords(smallRecord()), []);
});

test("the three maps are per patch, and NaN stays unknown", () => {
  const one = record();
  const [word] = saidWords(one);
  assert.deepEqual(Array.from(readsAs(one, word, 0), (p) => Number(p.toFixed(3))), [0.2, 0.3]);
  mostByLayer(one, word).forEach((p, l) => near(p, [0.3, 0.9][l]));
  assert.deepEqual([...dependsOn(one, word).values], [-0.5, 2]);
  assert.equal(dependsOn(one, word).limit, 2);
  assert.equal(writesDirectly(one, word).values[0], 1.5);
  assert.ok(Number.isNaN(writesDirectly(one, word).values[1]));
  controlDrops(one, word).forEach((drop, n) => near(drop, [0.1, 0.2, 0.3][n]));
  assert.deepEqual(mapsOf(one), { reads: true, depends: true, writes: true, knockout: true, written: true });
  assert.equal(dependsOn(smallRecord(), word), null);
});

test("what is next to nothing does not get a strong colour", () => {
  const faint = smallRecord({ tracked: [0], blocks: {
    word_spans: Int32Array.from([0, 1]), word_index: Int32Array.from([0]),
    ablate_patch: Float32Array.from([2e-5, -1e-5]), wrote_patch: Float32Array.from([0.002, 0]),
  } });
  const [word] = saidWords(faint);
  assert.equal(dependsOn(faint, word).limit, 0.01);
  assert.equal(writesDirectly(faint, word).limit, 0.1);
});

test("a word of several tokens loses the sum of what its tokens lose", () => {
  const two = smallRecord({ tracked: [0], blocks: {
    kind: Uint8Array.from([1, 1, 2, 2]), word_spans: Int32Array.from([0, 2]), word_index: Int32Array.from([0]),
    ablate_patch: Float32Array.from([1, 2, 10, 20]), knockout_bands: Int32Array.from([1, 1]), knockout_drop: Float32Array.from([1, 2, 3, 10, 20, 30]),
  } });
  const [word] = saidWords(two);
  assert.deepEqual([...dependsOn(two, word).values], [11, 22]);
  assert.deepEqual(knockedOut(two, word)[0].drops, [11, 22, 33]);
  assert.equal(knockedOut(two, word)[0].label, "1");
});

test("by layer: attention and MLP alternate after the embedding", () => {
  const written = writtenByLayer(record(), saidWords(record())[0]);
  near(written.embedding, 0.1);
  assert.deepEqual([written.attention, written.mlp, written.rest], [[1, -3], [2, 4], 0.25]);
  assert.equal(knockedOut(record(), saidWords(record())[0])[0].label, "1–2");
});

test("a word is read where it comes first somewhere and above nearly all controls", () => {
  assert.equal(isRead({ rank: 0, below: 1 }), true);
  assert.equal(isRead({ rank: 0, below: NaN }), true);
  assert.equal(isRead({ rank: 0, below: 0.5 }), false);
  assert.equal(isRead({ rank: 1, below: 1 }), false);
  const text = supportText(record(), saidWords(record())[0]);
  assert.equal(text, "No patch reads this word (max p 0.300, rank #4, above 50 % of control words).");
  assert.doesNotMatch(text, /hallucinat/i);
});

test("the tooltip of a patch holds what the maps of the chosen word say of it", () => {
  assert.deepEqual(wordFacts(record(), 0, 1), [["dog depends on", "-0.500 nats"], ["dog writes directly", "+1.50 logits"]]);
  assert.deepEqual(wordFacts(record(), 0, 3), []); // no patch
  assert.deepEqual(wordFacts(record(), -1, 1), []);
});

test("captions say what was done, and what is missing names its flag", () => {
  const one = record();
  const [word] = saidWords(one);
  assert.match(captionOf("reads", one, word, 1), /p of ·dog at layer 7/);
  assert.match(captionOf("depends", one, word, 1), /log p lost when 3 × 3 patches become .* lose 0\.300 at most/);
  assert.match(captionOf("writes", one, word, 1), /against ·cat/);
  assert.equal(missingOf("depends", one), "Not recorded: run the command with --ablate.");
  assert.equal(valueText("depends", -0.5), "-0.500 nats");
  assert.equal(valueText("writes", 1.5), "+1.50 logits");
});

test("CSV and JSON hold what the maps show", () => {
  const one = record();
  const [head, first, second] = wordMapsCsv(one, 0, 1).slice(1).split("\r\n");
  assert.equal(head.split(",").slice(-4).join(), "p_lens,log_p_lost_nats,logits_written,against");
  assert.deepEqual(first.split(",").slice(-4), ["0.8999999761581421", "-0.5", "1.5", "▁cat"].map((x, n) => (n ? x : String(Math.fround(0.9)))));
  assert.equal(second.split(",").at(-2), "");
  const [word] = wordsJson(one);
  assert.deepEqual([word.text, word.log_p_lost, word.logits_written], ["dog", [-0.5, 2], [1.5, null]]);
  assert.equal(wordsJson(smallRecord()), null);
});
