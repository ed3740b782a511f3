import test from "node:test";
import assert from "node:assert/strict";
import { gridBoxes, patchRecord } from "./image_record.js";
import { regionTop } from "../../templates/js/image/region_sum.js";

const boxes = gridBoxes(1, 3, [0, 0, 30, 10]);
const TOPS = [[[1, 0.5], [2, 0.2]], [[1, 0.3], [3, 0.1]], [[2, 0.6], [1, 0.04]]];
const recordOf = (more) => patchRecord(boxes.map((box, n) => ({ view: 0, box, top: TOPS[n] })), more);
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

test("the mean over a region, unknown cells between 0 and p_k", () => {
  const [first, second, third] = regionTop(recordOf(), [1, 2, 3], 0, 9);
  assert.deepEqual([first.token, second.token, third.token], [1, 2, 3]);
  near(first.low, (0.5 + 0.3 + 0.04) / 3);
  assert.equal(first.high, first.low); // known in every cell
  near(second.low, (0.2 + 0.6) / 3);
  near(second.high, (0.2 + 0.6 + 0.1) / 3); // unknown in the second patch, at most its #2
  near(third.high, (0.1 + 0.2 + 0.04) / 3);
  assert.deepEqual([first.cells, second.cells, third.cells], [3, 2, 1]);
});

test("a tracked token is exact everywhere", () => {
  const record = recordOf({ tracked: [2], trackedProb: [0, 0.2, 0.01, 0.6] });
  const two = regionTop(record, [1, 2, 3], 0, 9).find((one) => one.token === 2);
  near(two.low, (0.2 + 0.01 + 0.6) / 3);
  assert.equal(two.low, two.high);
});

test("one region after another does not remember the one before", () => {
  const record = recordOf();
  const once = regionTop(record, [1], 0, 9);
  regionTop(record, [1, 2, 3], 0, 9);
  assert.deepEqual(regionTop(record, [1], 0, 9), once);
  assert.deepEqual(once.map((one) => one.token), [1, 2]);
  assert.deepEqual(regionTop(record, [], 0, 9), []);
  assert.equal(regionTop(record, [1, 2, 3], 0, 1).length, 1);
});
