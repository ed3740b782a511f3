import test from "node:test";
import assert from "node:assert/strict";
import { gridOf, patchRecord } from "./image_record.js";
import { patchSet } from "../../templates/js/image/map.js";
import { apart, fitWord, pictureWord, wordGroups } from "../../templates/js/image/words.js";

const groupsOf = (rows, columns, tokens, least) => {
  const record = patchRecord(gridOf(0, rows, columns, [0, 0, columns * 10, rows * 10], tokens));
  return wordGroups(record, patchSet(record, 0), 0, least);
};

test("neighbours that read the same make one group, apart from the same word elsewhere", () => {
  const groups = groupsOf(3, 4, [1, 1, 2, 3, 1, 2, 2, 3, 4, 4, 4, 1]);
  const sizes = (token) => groups.filter((group) => group.token === token).map((group) => group.size).sort();
  assert.deepEqual([sizes(1), sizes(2), sizes(3), sizes(4)], [[1, 3], [3], [2], [3]]);
  for (const group of groups) assert.ok(Math.abs(group.score - 0.5 * group.size) < 1e-9);
});

test("a group's label stands on one of its own patches", () => {
  const ring = [1, 1, 1, 1, 2, 1, 1, 1, 1];
  const groups = groupsOf(3, 3, ring);
  assert.deepEqual(groups.map((group) => ring[group.anchor]), groups.map((group) => group.token));
});

test("every word is named once before any is named twice", () => {
  const words = groupsOf(2, 6, [1, 2, 1, 3, 1, 1, 4, 4, 0, 4, 0, 0]).map((group) => group.token);
  const first = words.slice(0, new Set(words).size);
  assert.equal(new Set(first).size, first.length);
});

test("single patches that are not sure are left out on request", () => {
  assert.equal(groupsOf(1, 3, [1, 2, 3], 0.6).length, 0);
  assert.equal(groupsOf(1, 3, [1, 1, 3], 0.6).length, 1);
});

test("a word loses the mark of its space on the picture, never all of itself", () => {
  assert.equal(pictureWord("▁tower"), "tower");
  assert.equal(pictureWord("tower"), "tower");
  assert.equal(pictureWord("▁"), "▁");
  assert.equal(pictureWord("▁▁x"), "x");
});

test("text is cut to what fits, by whole characters", () => {
  const measure = (text) => [...text].length;
  assert.equal(fitWord("tower", 5, measure), "tower");
  assert.equal(fitWord("tower", 4, measure), "tow…");
  assert.equal(fitWord("tower", 1, measure), "");
  assert.equal(fitWord("👩🏽x👩🏽", 3, measure), "👩🏽…");
  for (let width = 0; width < 12; width += 1) assert.ok(measure(fitWord("abcdefghij", width, measure)) <= width);
});

test("labels keep apart, and the first wins", () => {
  const label = (left, top) => ({ left, top, width: 20, height: 10 });
  const [a, b, c] = [label(0, 0), label(15, 5), label(0, 30)];
  assert.deepEqual(apart([a, b, c], 9), [a, c]);
  assert.deepEqual(apart([a, b, c], 1), [a]);
});
