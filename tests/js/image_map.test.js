import test from "node:test";
import assert from "node:assert/strict";
import { gridOf, patchRecord } from "./image_record.js";
import { boxOnStage, fitMap, patchAt, patchSet, patchToward, patchesIn, pointOnImage, settleMap, viewChoices, zoomMap } from "../../templates/js/image/map.js";

const SIZES = [[675, 452], [1, 1], [10000, 100], [100, 10000]];
const ROOMS = [{ width: 430, height: 290 }, { width: 300, height: 900 }, { width: 40, height: 30 }];

test("a fitted picture lies whole in the room and touches two of its sides", () => {
  for (const [width, height] of SIZES) {
    for (const room of ROOMS) {
      const map = fitMap({ width, height }, room);
      const [left, top, right, bottom] = boxOnStage(map, [0, 0, width, height]);
      assert.ok(left > -1e-6 && top > -1e-6 && right < room.width + 1e-6 && bottom < room.height + 1e-6);
      assert.ok(Math.abs(right - left - room.width) < 1e-6 || Math.abs(bottom - top - room.height) < 1e-6);
    }
  }
});

test("zooming keeps what is under the pointer there, and stays in its limits", () => {
  let map = fitMap({ width: 675, height: 452 }, ROOMS[0]);
  for (const factor of [1.5, 3, 0.2, 7, 100, 0.001]) {
    const at = [123, 77];
    const before = pointOnImage(map, at);
    map = zoomMap(map, factor, at, [0.1, 20]);
    const after = pointOnImage(map, at);
    assert.ok(Math.hypot(before[0] - after[0], before[1] - after[1]) < 1e-6);
    assert.ok(map.scale >= 0.1 && map.scale <= 20);
  }
});

test("panning never leaves a gap beside a picture that is larger than the room", () => {
  const room = ROOMS[0];
  const size = { width: 675, height: 452 };
  for (const [x, y] of [[500, 500], [-9000, -9000], [0, 0], [-100, 90]]) {
    const map = settleMap({ scale: 2, x, y }, size, room);
    const [left, top, right, bottom] = boxOnStage(map, [0, 0, size.width, size.height]);
    assert.ok(left <= 0 && top <= 0 && right >= room.width && bottom >= room.height);
  }
  const small = settleMap({ scale: 0.1, x: 999, y: -999 }, size, room);
  assert.equal(small.x, (room.width - 67.5) / 2);
});

test("stage to picture and back", () => {
  const map = { scale: 3.7, x: -12, y: 40 };
  const [x, y] = boxOnStage(map, [11, 22, 33, 44]);
  const back = pointOnImage(map, [x, y]);
  assert.ok(Math.abs(back[0] - 11) < 1e-9 && Math.abs(back[1] - 22) < 1e-9);
});

test("the patch under a point, none beside them", () => {
  const set = patchSet(patchRecord(gridOf(0, 3, 4, [10, 10, 90, 70])), 0);
  assert.equal(patchAt(set, [10, 10]), 0);
  assert.equal(patchAt(set, [29.9, 10]), 0);
  assert.equal(patchAt(set, [30, 29.9]), 1);
  assert.equal(patchAt(set, [89, 69]), 11);
  for (const point of [[9, 10], [90, 30], [50, 70], [-1, -1]]) assert.equal(patchAt(set, point), -1);
  assert.deepEqual(patchesIn(set, [31, 31, 69, 49]), [6, 7]);
  assert.deepEqual(set.extent, [10, 10, 90, 70]);
});

test("arrows go to the next patch and stop at the edge", () => {
  const set = patchSet(patchRecord(gridOf(0, 3, 4, [0, 0, 80, 60])), 0);
  assert.equal(patchToward(set, 5, [1, 0]), 6);
  assert.equal(patchToward(set, 5, [-1, 0]), 4);
  assert.equal(patchToward(set, 5, [0, 1]), 9);
  assert.equal(patchToward(set, 5, [0, -1]), 1);
  assert.equal(patchToward(set, 3, [1, 0]), 3);
  assert.equal(patchToward(set, 0, [0, -1]), 0);
});

test("arrows cross from one tile into the next", () => {
  const tiles = [...gridOf(1, 2, 2, [0, 0, 50, 50]), ...gridOf(2, 2, 2, [50, 0, 100, 50])];
  const set = patchSet(patchRecord([...gridOf(0, 1, 1, [0, 0, 100, 50]), ...tiles]), -1);
  assert.equal(set.positions[patchToward(set, 1, [1, 0])], 6);
});

test("neighbours are those of the same view, all eight", () => {
  const set = patchSet(patchRecord(gridOf(0, 3, 3, [0, 0, 30, 30])), 0);
  assert.deepEqual([...set.beside.slice(32, 40)], [1, 5, 7, 3, 0, 2, 8, 6]);
  assert.deepEqual([...set.beside.slice(0, 8)], [-1, 1, 3, -1, -1, -1, 4, -1]);
  const tiles = patchSet(patchRecord([...gridOf(1, 1, 1, [0, 0, 10, 10]), ...gridOf(2, 1, 1, [10, 0, 20, 10])]), -1);
  assert.ok(tiles.beside.every((n) => n === -1));
});

test("the view switch offers all tiles together only where they lie side by side", () => {
  const whole = gridOf(0, 2, 2, [0, 0, 100, 100]);
  const left = gridOf(1, 2, 2, [0, 0, 50, 100]);
  const labels = (patches) => viewChoices(patchRecord(patches)).map((choice) => choice.label);
  assert.deepEqual(labels(whole), ["whole image"]);
  assert.deepEqual(labels([...whole, ...left]), ["whole image", "tile 1"]);
  assert.deepEqual(labels([...whole, ...left, ...gridOf(2, 2, 2, [50, 0, 100, 100])]), ["whole image", "tile 1", "tile 2", "all tiles"]);
  assert.deepEqual(labels([...whole, ...left, ...gridOf(2, 2, 2, [40, 0, 90, 100])]), ["whole image", "tile 1", "tile 2"]);
});

test("a view that the record lacks gives its first one", () => {
  const record = patchRecord([...gridOf(1, 2, 2, [0, 0, 50, 50]), ...gridOf(2, 1, 1, [50, 50, 90, 90])]);
  assert.equal(patchSet(record, 7).view, 1);
  assert.equal(patchSet(record, 2).positions.length, 1);
  assert.equal(patchSet(record, -1).positions.length, 5);
  assert.equal(patchSet(patchRecord(gridOf(0, 2, 2, [0, 0, 9, 9])), -1).view, 0);
});
