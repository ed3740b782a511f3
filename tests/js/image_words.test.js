import test from "node:test";
import assert from "node:assert/strict";
import { numberSpot } from "../../templates/js/image/pins.js";
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

test("the number of a pin stands at a corner of its patch that no name covers", () => {
  const box = [100, 100, 120, 120];
  assert.deepEqual(numberSpot(box, [], 7, 2), [98, 98]);
  assert.deepEqual(numberSpot([0, 3, 20, 23], [], 7, 2), [7, 7]); // not out of sight
  const names = [[80, 85, 104, 100], [116, 85, 140, 100], [80, 118, 110, 134]];
  for (let n = 0; n <= 3; n += 1) {
    const [x, y] = numberSpot(box, names.slice(0, n), 7, 2);
    for (const [left, top, right, bottom] of names.slice(0, n)) assert.ok(x + 7 < left || x - 7 > right || y + 7 < top || y - 7 > bottom);
  }
  assert.deepEqual(numberSpot(box, [[0, 0, 300, 300]], 7, 2), [98, 98]); // names everywhere
});
