import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord } from "./panels.js";
import { answerWords, findInPatches } from "../../templates/js/answer/words.js";

const half = code(500, -1), tenth = code(100, -1);
const answer = (...texts) => {
  const distinct = [...new Set(texts)];
  const positions = texts.length;
  return madeRecord({
    texts: distinct, kinds: texts.map(() => 2), input: texts.map((text) => distinct.indexOf(text)),
    top: [texts.map(() => [0])], prob: [texts.map(() => [half])], positions,
  });
};
const words = (...texts) => answerWords(answer(...texts)).map(({ text, positions, times }) => [text, positions.length, times]);

test("pieces are merged into words, signs stand alone", () => {
  assert.deepEqual(words("▁gir", "affe", ",", "▁a", "▁dog", "."), [["giraffe", 2, 1], [",", 1, 1], ["a", 1, 1], ["dog", 1, 1], [".", 1, 1]]);
  assert.deepEqual(words("Ġtwo", "Ġtow", "ers", "</s>"), [["two", 1, 1], ["towers", 2, 1], ["</s>", 1, 1]]);
});

test("a space that stands alone belongs to the word after it, which is looked for by its first letters", () => {
  const record = answer("▁", "W", "hat");
  const [word] = answerWords(record);
  assert.equal(word.text, "What");
  assert.equal(record.text(word.index), "W");
});

test("a word that comes again is counted, not repeated", () => {
  assert.deepEqual(words("▁the", "▁dog", "▁the"), [["the", 1, 2], ["dog", 1, 1]]);
});

const patches = (more) => madeRecord({
  texts: ["▁dog", "▁cat", "▁a"], kinds: [1, 1, 2], input: [2, 2, 0],
  top: [[[2, 1], [1, 2], [0, 1]], [[0, 2], [0, 1], [2, 1]]],
  prob: [[[half, tenth], [half, tenth], [code(900, -1), tenth]], [[tenth, tenth], [half, tenth], [half, tenth]]], ...more,
});

test("the best patch and layer are those of patches alone", () => {
  const find = findInPatches(patches(), [0]).get(0);
  assert.deepEqual({ ...find, code: 0 }, { index: 0, exact: false, layer: 1, position: 1, value: 0.5, rank: 0, firstLayer: 1, firstPatches: 2, code: 0 });
});

test("a tracked token is found below the top k too", () => {
  const record = patches({ tracked: [0], trackedProb: [half, tenth, half, tenth, code(700, -1), half], trackedRank: [3, 4, 5, 6, 0, 8] });
  const find = findInPatches(record, [0]).get(0);
  assert.deepEqual([find.exact, find.layer, find.position, find.value, find.rank], [true, 1, 1, 0.7, 0]);
});

test("a token that no patch knows is nowhere", () => {
  const record = madeRecord({ texts: ["x", "y"], kinds: [1, 2], input: [0, 1], top: [[[0], [0]]], prob: [[[half], [half]]] });
  const find = findInPatches(record, [1]).get(1);
  assert.deepEqual([find.layer, find.position, find.firstLayer], [-1, -1, -1]);
});
