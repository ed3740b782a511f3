import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord, smallRecord } from "./panels.js";

const p = (value, exact = true) => ({ value, exact });

test("a chart follows the final token, the chosen, the pinned, then what was ever on top", () => {
  const half = code(500, -1), tenth = code(100, -1);
  const record = madeRecord({
    texts: ["a", "b", "c", "d"], kinds: [0], input: [0],
    top: [[[1, 0]], [[2, 0]], [[0, 1]]], prob: [[[tenth, tenth]], [[half, tenth]], [[half, tenth]]],
  });
  assert.deepEqual(chartTokens(record, 0, { tokens: [], layers: [] }).indices, [0, 2, 1]);
  assert.deepEqual(chartTokens(record, 0, { tokens: [103], layers: [0] }).indices, [0, 3, 1, 2]);
  assert.deepEqual(chartTokens(record, 0, { tokens: [], layers: [], limit: 2 }), { indices: [0, 2], more: 1, moreBest: 0.1 });
});

test("values are the record's, unknown ones are bounds", () => {
  const record = smallRecord();
  const [dog] = chartSeries(record, 1, [0], "prob");
  assert.deepEqual(dog.points.map((point) => point.exact), [false, true]);
  assert.equal(dog.points[0].value, record.topProb(0, 1, 1));
  assert.equal(chartSeries(record, 1, [0], "rank")[0].points[0].value, record.K);
});

test("chosen tokens together are their sum, a lower bound where one is unknown", () => {
  const record = smallRecord();
  const { points } = chartTogether(record, 0, [0, 1], "prob"); // ▁dog 0.5, ▁cat 0.1 at layer 0
  assert.deepEqual(points[0], { value: 0.6, exact: true, partial: false });
  assert.equal(pointText(points[1], "prob"), "≥ 0.500");
  const none = chartTogether(record, 2, [3, 2], "prob").points[1];
  assert.deepEqual([none.exact, none.value], [false, 2 * record.topProb(1, 2, 1)]);
  assert.deepEqual(chartTogether(record, 0, [0, 1], "rank").points[0], { value: 0, exact: true });
});

test("better is up on every axis, and nothing leaves it", () => {
  const series = [{ points: [p(0.3), p(1e-9), p(0.002, false)] }];
  for (const scale of ["prob", "log"]) {
    const axis = chartAxis(scale, series, 5);
    assert.ok(axis.place(0.3) > axis.place(0.002) && axis.place(0.002) > axis.place(1e-9) - 1e-12);
    for (const value of [0, 1e-20, 0.5, 1]) assert.ok(axis.place(value) >= 0 && axis.place(value) <= 1);
    for (const tick of axis.ticks) assert.ok(tick.at >= 0 && tick.at <= 1);
  }
  const rank = chartAxis("rank", [{ points: [p(0), p(31999), p(5, false)] }], 5);
  assert.equal(rank.place(0), 1);
  assert.equal(rank.place(31999), 0);
  assert.equal(rank.ticks[0].text, "#1");
});

test("a line is whole between known values, dashed towards unknown ones, absent between those", () => {
  const x = (l) => 10 * l;
  const y = (value) => 100 * value;
  const { whole, dashed, dots } = chartPaths([p(0.1), p(0.2), p(0.05, false), p(0.05, false), p(0.3)], x, y);
  assert.equal(whole, "M0.0 10.0L10.0 20.0");
  assert.equal(dashed, "M10.0 20.0L20.0 5.0M30.0 5.0L40.0 30.0");
  assert.deepEqual(dots, [[40, 30]]);
  assert.deepEqual(chartPaths([p(0.1)], x, y).dots, [[0, 10]]);
});

test("labels never overlap and stay inside", () => {
  let seed = 1;
  const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
  for (let n = 0; n < 200; n += 1) {
    const wanted = Array.from({ length: 8 }, () => 150 * random());
    const placed = spreadLabels(wanted, 15, 7, 143);
    const sorted = [...placed].sort((a, b) => a - b);
    sorted.slice(1).forEach((at, k) => assert.ok(at - sorted[k] >= 15 - 1e-9));
    assert.ok(sorted[0] >= 7 - 1e-9 && sorted.at(-1) <= 143 + 1e-9);
  }
  assert.deepEqual(spreadLabels([20, 60], 15, 0, 100), [20, 60]);
});

test("the last layer is always written, and ticks keep apart", () => {
  for (const count of [1, 2, 3, 9, 33, 41, 100]) {
    const ticks = layerTicks(Array.from({ length: count }, (_, l) => l), 8);
    assert.equal(ticks.at(-1), count - 1);
    assert.ok(ticks.length <= 10);
  }
});

test("what is unknown is said as a bound", () => {
  assert.equal(pointText(p(0.0123), "prob"), "0.0123");
  assert.equal(pointText(p(0.0021, false), "log"), "< 0.00210");
  assert.equal(pointText(p(0), "rank"), "#1");
  assert.equal(pointText(p(5, false), "rank"), "> #5");
  assert.equal(boundName(10), "p₁₀");
});
