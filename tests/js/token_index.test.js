import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord } from "./panels.js";
import { LensPage } from "../../templates/js/core/record.js";
import { searchTokens, tokenIndex, tokenIndexSteps, wordKey } from "../../templates/js/find/token_index.js";

const half = code(500, -1), fifth = code(200, -1), tenth = code(100, -1), least = code(100, -3);
const made = (more) => madeRecord({
  texts: ["▁dog", "dog", "Dog", "▁", "cat", "__proto__", "▁12"], kinds: [0, 1, 1], input: [3, 4, 4],
  top: [[[0, 4], [1, 0], [2, 1]], [[4, 3], [0, 4], [4, 5]]],
  prob: [[[half, tenth], [half, fifth], [half, half]], [[half, tenth], [fifth, tenth], [half, least]]], ...more,
});

test("spellings of one word share a key, a lone space mark is itself", () => {
  for (const text of ["▁dog", "dog", "Dog", "Ġdog", " dog", "DOG"]) assert.equal(wordKey(text), "dog");
  assert.equal(wordKey("▁"), "▁");
  assert.equal(wordKey(" "), " ");
  assert.equal(wordKey(""), "");
});

test("a word counts every cell once, and its best probability is the sum of its spellings", () => {
  const { groups, counts } = tokenIndex(made());
  const dog = groups.find((group) => group.key === "dog");
  assert.deepEqual([...counts], [3, 2, 1, 1, 4, 1, 0]);
  assert.equal(dog.count, 4); // 6 occurrences, two cells hold two spellings
  assert.deepEqual([dog.best, dog.layer, dog.position], [1, 0, 2]); // 0.5 + 0.5
  assert.deepEqual(dog.indices, [0, 1, 2]);
  assert.equal(groups.find((group) => group.key === "__proto__").count, 1);
  assert.equal(groups.find((group) => group.key === "12").position, -1);
});

test("a word peaks at the layer whose patches add up to most, not at its surest cell", () => {
  const { groups } = tokenIndex(made());
  const peak = (key) => groups.find((group) => group.key === key).peak;
  assert.deepEqual(peak("dog"), { layer: 0, count: 2, sum: 1.7 }); // two patches: 0.5 + 0.2, 0.5 + 0.5; the text before them does not count
  assert.deepEqual(peak("cat"), { layer: 1, count: 2, sum: 0.6 });
  assert.equal(peak("▁").count, 0);
});

test("a tracked spelling is exact in every cell, and is summed with the others there", () => {
  const trackedProb = Array(6).fill(least);
  trackedProb[4] = code(900, -1); // layer 1, position 1
  const { groups } = tokenIndex(made({ tracked: [2], trackedProb, trackedRank: Array(6).fill(7) }));
  const dog = groups.find((group) => group.key === "dog");
  assert.equal(dog.tracked, 1);
  assert.deepEqual([dog.best, dog.layer, dog.position], [1, 1, 1]); // 0.9 + 0.2, at most 1
});

test("slices give what one go gives", () => {
  const steps = tokenIndexSteps(made(), 1);
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count += 1;
  assert.equal(count, 6);
  assert.deepEqual(step.value, tokenIndex(made()));
});

test("the search ranks the word, then what begins with it, and finds ids", () => {
  const record = made();
  const { groups } = tokenIndex(record);
  const keys = (query) => searchTokens(record, groups, query).map((group) => group.key);
  assert.deepEqual(keys("dog"), ["dog"]);
  assert.deepEqual(keys("▁dog"), ["dog"]);
  assert.deepEqual(keys("O"), ["dog", "__proto__"]);
  assert.deepEqual(keys("104"), ["cat"]);
  assert.deepEqual(keys("#104"), ["cat"]);
  assert.deepEqual(keys("nothing"), []);
  assert.equal(keys("").length, 4); // not the one that no cell knows
});

test("a big record is counted within a second of work or so, in many steps", () => {
  const [layers, positions, ranks, tokens] = [40, 5000, 10, 20000];
  const cells = layers * positions * ranks;
  const record = new LensPage(
    { meta: {}, layers: Array.from({ length: layers }, (_, l) => l), positions, ranks, tokens, tracked: [] },
    {
      token_text: Array.from({ length: tokens }, (_, i) => `▁${i}`), token_id: Int32Array.from({ length: tokens }, (_, i) => i),
      input: new Uint16Array(positions), kind: new Uint8Array(positions), box: new Float32Array(4 * positions).fill(NaN), patch_view: new Int16Array(positions),
      top: Uint16Array.from({ length: cells }, (_, n) => (n * 7919) % tokens), prob: Uint16Array.from({ length: cells }, (_, n) => 40000 + (n % 9000)),
    },
  );
  const steps = tokenIndexSteps(record);
  const start = process.cpuUsage().user; // not the clock: the machine may be busy
  let count = 1;
  while (!steps.next().done) count += 1;
  assert.ok((process.cpuUsage().user - start) / 1000 < 2000); // 0.1 s
  assert.ok(count >= cells / 400000);
});
