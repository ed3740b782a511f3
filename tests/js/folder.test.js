// The statistics of a folder: words, their patches and where these lead, axes of the charts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { quartilesOf, roundTicks } from "../../templates/overview/charts.js";
import { FolderWords, bareWord } from "../../templates/overview/words.js";

const code = (m, e) => 1 + 900 * (e + 62) + m - 100; // m·10^(e−2)

/** Two models; of the first boat (3 patches), sailboat, boats; of the second boat. */
function someWords() {
  return new FolderWords({
    word_text: ["boat", "sailboat", "boats", "boat"],
    word_model: Uint32Array.from([0, 0, 0, 1]),
    word_patches: Uint32Array.from([9, 5, 2, 1]),
    word_images: Uint32Array.from([3, 1, 1, 1]),
    word_layer: Uint32Array.from([code(250, 1), code(310, 1), code(120, 1), code(700, 0)]),
    word_best: Uint32Array.from([3, 1, 1, 1]),
    patch_report: Uint32Array.from([2, 0, 1, 0, 2, 3]),
    patch_prob: Uint16Array.from([code(900, -1), code(500, -1), code(100, -1), code(950, -1), code(300, -2), code(400, -1)]),
    patch_row: Uint16Array.from([5, 6, 7, 8, 9, 2]),
    patch_layer: Uint16Array.from([10, 12, 14, 16, 18, 2]),
    patch_position: Uint32Array.from([40, 41, 42, 43, 44, 45]),
    patch_token: Uint32Array.from([300, 301, 302, 303, 304, 305]),
    patch_view: Int16Array.from([-1, -1, 3, -1, -1, -1]),
    patch_crop: Int16Array.from([0, 1, 2, 3, 4, 5]),
    patch_box: Uint8Array.from({ length: 24 }, (_, n) => n),
  });
}

test("the word itself comes first, then words that begin with it, then words that hold it", () => {
  assert.deepEqual(someWords().find(0, "boat", "patches"), [0, 2, 1]);
  assert.deepEqual(someWords().find(0, " ▁Boat", "patches"), [0, 2, 1]);
  assert.deepEqual(someWords().find(1, "oat", "patches"), [3]);
  assert.deepEqual(someWords().find(0, "ship", "patches"), []);
  assert.equal(bareWord("·Boat "), "boat");
});

test("without a query all words of the model come, in the order asked for", () => {
  assert.deepEqual(someWords().find(0, "", "patches"), [0, 1, 2]);
  assert.deepEqual(someWords().find(0, "", "layer"), [2, 0, 1]);
  assert.deepEqual(someWords().find(0, "", "surest"), [1, 0, 2]);
  assert.deepEqual(someWords().find(0, "", "text"), [0, 2, 1]);
});

test("a patch leads to its report, its cell and its token", () => {
  const words = someWords();
  assert.deepEqual(words.best(0), [0, 1, 2]);
  assert.deepEqual(words.best(3), [5]);
  assert.equal(words.link(0, { link: "./a.html" }), "./a.html#layer=5&cell=5.40&pins=5.40&tokens=300");
  assert.equal(words.link(2, { link: "./b%23.html" }), "./b%23.html#layer=7&cell=7.42&pins=7.42&tokens=302&view=3");
  assert.deepEqual(words.box(1), [4, 5, 6, 7]);
  assert.equal(words.surest(1), 0.95);
});

test("ticks are round, begin at zero and reach above all values", () => {
  for (const most of [0.013, 0.2, 1, 3.3, 7, 9.99, 12, 45, 880, 12345]) {
    const ticks = roundTicks(most);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.at(-1) >= most && ticks.length >= 2 && ticks.length <= 6, `${most}: ${ticks}`);
    for (const tick of ticks.slice(1)) assert.match(tick.toPrecision(2), /^[0.]*[1-9]\.?[0-9]?(0*|e\+\d)$/);
  }
});

test("what no image has recorded has no quartiles", () => {
  const model = { quartiles: [[[code(100, -1), code(200, -1), code(300, -1)], []], [[0, 0, 0], []]] };
  assert.deepEqual(quartilesOf(model, 0), [{ low: 0.1, middle: 0.2, high: 0.3 }, { low: 0, middle: 0, high: 0 }]);
  assert.deepEqual(quartilesOf(model, 1), [null, null]);
});
