import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord, smallRecord } from "./panels.js";
import { boundName } from "../../templates/js/core/format.js";
import { chartAxis, layerTicks } from "../../templates/js/pinned/axis.js";
import { chartColours, chartModels, chartPaths, chartSeries, chartSum, chartTokens, pointText } from "../../templates/js/pinned/chart_data.js";

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

test("the sum of the chosen tokens is a lower bound where one is unknown", () => {
  const record = smallRecord();
  const { points } = chartSum(record, 0, [0, 1], "prob"); // ▁dog 0.5, ▁cat 0.1 at layer 0
  assert.deepEqual(points[0], { value: 0.6, exact: true, partial: false });
  assert.equal(pointText(points[1], "prob"), "≥ 0.500");
  const none = chartSum(record, 2, [3, 2], "prob").points[1];
  assert.deepEqual([none.exact, none.value], [false, 2 * record.topProb(1, 2, 1)]);
  assert.deepEqual(chartSum(record, 0, [0, 1], "rank").points[0], { value: 0, exact: true });
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

test("a token has one colour in all charts, and neighbours have different ones", () => {
  const chart = (...tokens) => tokens.map(([index, best]) => ({ index, best }));
  const charts = [chart([7, 0.9], [8, 0.2]), chart([9, 0.8], [7, 0.1]), chart([8, 0.5], [9, 0.4], [10, 0.3])];
  const colours = chartColours(charts, 8);
  assert.equal(new Set(colours.values()).size, 4);
  const more = chartColours([...charts, chart([11, 1], [7, 0.5])], 8); // one more pin changes nothing
  for (const [token, colour] of colours) assert.equal(more.get(token), colour);
});

test("where colours run out the weak tokens share them", () => {
  const tokens = (from, ...best) => best.map((p, n) => ({ index: from + n, best: p }));
  const colours = chartColours([tokens(0, 0.9, 0.8, 0.001, 0.0001), tokens(10, 0.7, 0.002)], 4);
  const strong = [0, 1, 10].map((token) => colours.get(token));
  assert.equal(new Set(strong).size, 3);
  for (const chart of [[0, 1, 2, 3], [10, 11]]) assert.equal(new Set(chart.map((token) => colours.get(token))).size, chart.length);
});

test("all pins share one axis, and each legend begins with the most probable token", () => {
  const record = smallRecord();
  const pins = Array.from({ length: record.T }, (_, position) => ({ layer: 0, position }));
  for (const scale of ["prob", "log", "rank"]) {
    const models = chartModels(record, { pins, tokens: [30], scale }, 8);
    assert.deepEqual(models.map((model) => model.position), pins.map((pin) => pin.position));
    for (const { axis, series } of models) {
      assert.equal(axis, models[0].axis);
      const best = series.map((one) => one.best);
      assert.deepEqual(best, [...best].sort((a, b) => b - a));
      for (const one of series) assert.equal(one.colour, models[0].series.find((same) => same.index === one.index)?.colour ?? one.colour);
    }
  }
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
