import test from "node:test";
import assert from "node:assert/strict";
import { apart, fitWord, pictureWord } from "../../templates/js/image/words.js";

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
