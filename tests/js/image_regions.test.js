import test from "node:test";
import assert from "node:assert/strict";
import { gridBoxes, gridOf, patchRecord } from "./image_record.js";
import { contourLines, patchSet } from "../../templates/js/image/map.js";
import { AT_CHANCE, eachHasRoom, nameBox, namedRegions, regionNames, wordRegions } from "../../templates/js/image/regions.js";

const recordOf = (rows, columns, tokens, p = () => 0.5, options = {}) => patchRecord(
  gridOf(0, rows, columns, [0, 0, columns * 10, rows * 10], tokens).map((patch, n) => ({ ...patch, top: [[patch.top[0][0], p(n)], patch.top[1]] })),
  { width: columns * 10, height: rows * 10, ...options },
);
const regionsOf = (...grid) => {
  const record = recordOf(...grid);
  return wordRegions(record, patchSet(record, 0), 0);
};
const named = (...grid) => {
  const record = recordOf(...grid);
  return namedRegions(record, wordRegions(record, patchSet(record, 0), 0));
};
const measure = (text) => 7 * [...text].length;

test("neighbours that read the same make one region, apart from the same word elsewhere", () => {
  const regions = regionsOf(3, 4, [1, 1, 2, 3, 1, 2, 2, 3, 4, 4, 4, 1]);
  const sizes = (token) => regions.filter((region) => region.token === token).map((region) => region.members.length).sort();
  assert.deepEqual([sizes(1), sizes(2), sizes(3), sizes(4)], [[1, 3], [3], [2], [3]]);
  for (const region of regions) assert.ok(Math.abs(region.score - 0.5 * region.members.length) < 1e-9);
});

test("a patch at chance belongs to no region", () => {
  const p = (n) => (n === 1 ? 0.9 * AT_CHANCE : 0.5);
  assert.deepEqual(regionsOf(1, 3, [1, 1, 1], p).map((region) => region.members), [[0], [2]]);
  assert.equal(named(4, 4, new Array(16).fill(1), () => 0.9 * AT_CHANCE).length, 0);
});

test("a name stands deep inside its region, not in a bay of it", () => {
  const ring = [1, 1, 1, 1, 2, 1, 1, 1, 1];
  for (const region of regionsOf(3, 3, ring)) assert.equal(ring[region.anchor], region.token);
  // an L: a thick foot of 3 × 3 and a long leg of one column
  const leg = Array.from({ length: 7 }, (_, row) => Array.from({ length: 5 }, (_2, column) => (row < 4 ? (column === 0 ? 1 : 2) : column < 3 ? 1 : 2))).flat();
  const [foot] = regionsOf(7, 5, leg).filter((region) => region.token === 1);
  assert.equal(foot.anchor, 5 * 5 + 1);
});

test("every word is named once before any is named twice", () => {
  const words = named(2, 6, [1, 2, 1, 3, 1, 1, 4, 4, 0, 4, 0, 0]).map((region) => region.token);
  assert.equal(new Set(words.slice(0, new Set(words).size)).size, new Set(words).size);
});

test("a crumb of a large region is not named again, and what is not sure is not named at all", () => {
  const crumbs = [1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1];
  assert.equal(named(4, 6, crumbs).filter((region) => region.token === 1).length, 1);
  assert.equal(named(1, 3, [1, 2, 3], () => 0.3).length, 0);
  assert.equal(named(1, 3, [1, 1, 3], () => 0.3).length, 1);
});

test("pieces of words and signs are named after words, where the vocabulary tells", () => {
  const record = recordOf(1, 6, [0, 0, 0, 1, 1, 2]);
  const set = patchSet(record, 0);
  [record.texts[0], record.texts[1], record.texts[2]] = ["ing", ",", "▁tower"];
  const order = namedRegions(record, wordRegions(record, set, 0)).map((region) => record.texts[region.token]);
  assert.deepEqual(order, ["▁tower", "ing", ","]);
});

test("while tokens are looked for, regions of them alone are named", () => {
  const record = recordOf(1, 4, [1, 1, 2, 3]);
  const regions = wordRegions(record, patchSet(record, 0), 0);
  assert.deepEqual(namedRegions(record, regions, [2]).map((region) => region.token), [2]);
});

/** Many small regions of many words: more than fit. */
function crowd(size = 24) {
  const tokens = Array.from({ length: size * size }, (_, n) => ((n % size) >> 1) * 3 + ((Math.floor(n / size) >> 1) * 7) % 40);
  const record = recordOf(size, size, tokens, () => 0.6, { tokens: 120 });
  return { record, set: patchSet(record, 0) };
}

test("the same names are written in every window, they keep apart, and there are never more than fit", () => {
  const { record, set } = crowd();
  const regions = namedRegions(record, wordRegions(record, set, 0));
  const names = regionNames(record, set, regions, 1, measure);
  assert.ok(names.length > 5 && names.length < 20, `${names.length}`);
  for (const width of [240, 300, 421, 660, 1100]) {
    const boxes = names.map((name) => nameBox(name, { scale: width / 240, x: 0, y: 0 }, set));
    boxes.forEach((a, n) => {
      assert.ok(a.left >= -1e-9 && a.top >= -1e-9 && a.left + a.width <= width + 1e-9 && a.top + a.height <= width + 1e-9);
      for (const b of boxes.slice(n + 1)) {
        assert.ok(a.left >= b.left + b.width || b.left >= a.left + a.width || a.top >= b.top + b.height || b.top >= a.top + a.height, `${width}`);
      }
    });
  }
  assert.ok(regionNames(record, set, regions, 2, measure).length > names.length, "zoomed in there are more");
  assert.deepEqual(regionNames(record, set, regions, 1.9, measure), names);
});

test("a name that would hide its region stands outside of it", () => {
  const tokens = new Array(144).fill(5);
  for (const n of [40, 52, 64]) tokens[n] = 1;
  const record = recordOf(12, 12, tokens);
  const set = patchSet(record, 0);
  const names = regionNames(record, set, namedRegions(record, wordRegions(record, set, 0)), 1, measure);
  const name = names.find((one) => one.region.token === 1);
  const box = nameBox(name, { scale: 2, x: 0, y: 0 }, set);
  assert.ok(box.top + box.height <= 2 * 30 || box.top >= 2 * 60, JSON.stringify(box));
});

test("words on every patch are for those who zoom in, and for few large patches", () => {
  const { set } = crowd();
  const small = recordOf(4, 4, new Array(16).fill(1));
  assert.ok(!eachHasRoom(set, 1, { width: 100, height: 100 }), "whatever the window");
  assert.ok(eachHasRoom(set, 4, { width: 40, height: 40 }));
  assert.ok(!eachHasRoom(set, 4, { width: 20, height: 20 }));
  assert.ok(eachHasRoom(patchSet(small, 0), 1, { width: 50, height: 50 }));
});

test("a contour is the sides that no member shares", () => {
  const record = patchRecord(gridBoxes(2, 2, [0, 0, 20, 20]).map((box) => ({ view: 0, box, top: [[1, 0.5], [2, 0.2]] })));
  const set = patchSet(record, 0);
  assert.equal(contourLines(set, [0]).length / 4, 4);
  assert.equal(contourLines(set, [0, 1]).length / 4, 6);
  assert.equal(contourLines(set, [0, 3]).length / 4, 8);
  assert.equal(contourLines(set, [0, 1, 2, 3]).length / 4, 8);
});
