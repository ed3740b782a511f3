import test from "node:test";
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { smallRecord } from "./page.js";
import { DECIMAL } from "../../templates/js/core/decimal.js";
import { inflate } from "../../templates/js/core/inflate.js";
import { joinPlanes } from "../../templates/js/core/payload.js";

test("decimal codes hold three digits over 72 decades, in order", () => {
  assert.equal(DECIMAL[0], 0);
  assert.ok(Number.isNaN(DECIMAL[65535]));
  assert.equal(DECIMAL[1].toPrecision(3), "1.00e-62");
  assert.equal(DECIMAL[1 + 900 * 62], 1);
  assert.equal(DECIMAL[1 + 900 * 61 + 899], 0.999);
  for (let n = 100; n < 1000; n += 1) for (const e of [-2, -9, -22]) assert.equal(DECIMAL[1 + 900 * (e + 64) + n - 100], Number(`${n}e${e}`));
  for (let code = 1; code < 65535; code += 1) assert.ok(DECIMAL[code] > DECIMAL[code - 1]);
});

test("bytes sorted by significance come back in order", () => {
  assert.deepEqual([...joinPlanes(Uint8Array.from([1, 2, 3, 0, 1, 255]), "uint16")], [1, 258, 65283]);
  assert.deepEqual([...joinPlanes(Uint8Array.from([7, 8]), "uint8")], [7, 8]);
});

test("a block unpacks", async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, n) => n % 7);
  assert.deepEqual(await inflate(deflateSync(bytes).toString("base64")), bytes);
});

test("a token outside the top k is known only to be at most p_k, and at least rank k", () => {
  const record = smallRecord();
  assert.deepEqual(record.prob(0, 1, 1), { value: 0.5, exact: true });
  assert.deepEqual(record.prob(0, 1, 4), { value: 1.23e-7, exact: false });
  assert.deepEqual(record.rank(0, 1, 4), { value: 2, exact: false });
});

test("a tracked token is exact everywhere", () => {
  const record = smallRecord({ tracked: [4], blocks: { tracked_prob: new Uint16Array(8).fill(1), tracked_rank: new Int32Array(8).fill(900) } });
  assert.deepEqual(record.prob(0, 1, 4), { value: 1e-62, exact: true });
  assert.deepEqual(record.rank(1, 2, 4), { value: 900, exact: true });
});

test("the decision layer is the first from which the top token stays the final one", () => {
  const record = smallRecord();
  assert.deepEqual([0, 1, 2, 3].map((t) => record.decision(t)), [0, 1, 0, 0]);
});

test("statistics that were not recorded are NaN", () => {
  assert.ok(Number.isNaN(smallRecord().entropy(0, 0)));
  assert.equal(smallRecord().hasKl, false);
});

test("patches know their row and column, text has none", () => {
  const record = smallRecord();
  assert.deepEqual([0, 1, 2].map((t) => record.place(t)), [null, { row: 0, column: 0 }, { row: 0, column: 1 }].map((p) => p && { column: p.column, row: p.row }).map((p) => p));
  assert.equal(record.box(0), null);
  assert.equal(record.label(2), "patch 1");
  assert.equal(record.label(3), "▁dog");
});
