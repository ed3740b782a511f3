import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord } from "./panels.js";
import { pinnedPositions } from "../../templates/js/core/pins.js";
import { chartModels } from "../../templates/js/pinned/chart_data.js";
import { kindRuns, positionColumns, positionsModel } from "../../templates/js/pinned/positions_data.js";
import { nearestPin, numberSpots, togetherModel } from "../../templates/js/pinned/together_data.js";

const half = code(500, -1), fifth = code(200, -1), tenth = code(100, -1), least = code(100, -3);
// a text position, two patches, an answer; three layers, two ranks
const record = madeRecord({
  texts: ["dog", "cat", "cow", "hen", "owl"], kinds: [0, 1, 1, 2], input: [4, 4, 4, 0],
  top: [[[4, 3], [0, 1], [1, 2], [3, 4]], [[4, 3], [0, 2], [2, 1], [3, 4]], [[4, 3], [0, 1], [1, 0], [0, 3]]],
  prob: [[[half, tenth], [half, fifth], [fifth, least], [half, tenth]], [[half, tenth], [half, tenth], [half, fifth], [half, tenth]], [[half, tenth], [tenth, least], [fifth, tenth], [half, tenth]]],
});
const pin = (layer, position) => ({ layer, position });
const together = (wish) => togetherModel(record, chartModels(record, wish, 8), wish);

test("a position keeps its number however often it is pinned", () => {
  assert.deepEqual(pinnedPositions([pin(2, 5), pin(0, 3), pin(1, 5)]), [{ number: 1, position: 5, layers: [1, 2] }, { number: 2, position: 3, layers: [0] }]);
});

test("one chart has a line per token and pin, chosen tokens first, with the colours of the single charts", () => {
  const wish = { pins: [pin(0, 1), pin(1, 2)], tokens: [], scale: "prob" };
  const models = chartModels(record, wish, 8);
  const { rows, pins, axis } = togetherModel(record, models, wish);
  assert.deepEqual(pins.map((one) => one.number), [1, 2]);
  assert.deepEqual(rows.map((row) => record.text(row.index)).slice(0, 2), ["dog", "cow"]); // what was pinned
  for (const row of rows) {
    assert.equal(row.lines.length, 2);
    row.lines.forEach((line, n) => line.points.forEach((point, l) => assert.deepEqual(point, record.prob(l, wish.pins[n].position, row.index))));
    for (const model of models) for (const one of model.series) if (one.index === row.index) assert.equal(one.colour, row.colour);
  }
  assert.equal(new Set(rows.map((row) => row.colour)).size, rows.length);
  assert.ok(rows.flatMap((row) => row.lines.flatMap((line) => line.points)).every(({ value }) => axis.place(value) <= 1));
  assert.deepEqual(together({ ...wish, tokens: [103, 101] }).rows.map((row) => row.name ?? record.text(row.index)).slice(0, 3), ["sum", "hen", "cat"]);
});

test("no two tokens of one chart share a colour, as long as the colours last", () => {
  const many = 24;
  const crowd = madeRecord({
    texts: Array.from({ length: many }, (_, n) => `word${n}`), kinds: [1, 1, 1, 1], input: [0, 0, 0, 0],
    top: Array.from({ length: 6 }, (_, l) => [0, 1, 2, 3].map((t) => [6 * t + l, (6 * t + l + 1) % many])),
    prob: Array.from({ length: 6 }, (_, l) => [0, 1, 2, 3].map((t) => [code(900 - 90 * l - 20 * t, -1), least])),
  });
  for (const count of [2, 3, 4]) {
    const wish = { pins: Array.from({ length: count }, (_, t) => pin(0, t)), tokens: [], scale: "prob" };
    const { rows } = togetherModel(crowd, chartModels(crowd, wish, 8), wish);
    assert.ok(rows.length >= 5);
    assert.equal(new Set(rows.map((row) => row.colour)).size, rows.length);
  }
});

test("numbers stand at the tops of the lines, apart from each other and inside the chart", () => {
  const model = together({ pins: [pin(0, 1), pin(1, 2), pin(2, 3)], tokens: [], scale: "prob" });
  const [x, y] = [(l) => 50 + 30 * l, (value) => 100 - 100 * model.axis.place(value)];
  const spots = numberSpots(model, x, y, [50, 110]);
  assert.ok(spots.length >= 3);
  for (const [n, spot] of spots.entries()) {
    assert.ok(spot.x >= 50 && spot.x <= 110);
    const known = model.rows[spot.row].lines[spot.pin].points.filter((point) => point.exact).map((point) => y(point.value));
    assert.equal(spot.y, Math.min(...known));
    for (const other of spots.slice(0, n)) assert.ok(Math.hypot(other.x - spot.x, other.y - spot.y) >= 12);
  }
  assert.equal(nearestPin(model, 1, y, y(0.2) + 1), 1);
  assert.equal(nearestPin(model, 1, y, y(0.1)), 0);
});

test("a token over the positions: its rank where it is known, else below the top k", () => {
  const model = positionsModel(record, { tokens: [100], pins: [], scale: "rank" }, 2);
  assert.deepEqual(model.points, [{ value: 2, exact: false }, { value: 0, exact: true }, { value: 1, exact: true }, { value: 0, exact: true }]);
  const most = positionsModel(record, { tokens: [], pins: [pin(1, 2)], scale: "prob" }, 1); // the top token of the pin: cow
  assert.deepEqual(most.indices, [2]);
  assert.deepEqual(most.points.map((point) => point.exact), [false, true, true, false]);
  assert.deepEqual(kindRuns(record), [{ kind: 0, from: 0, to: 1 }, { kind: 1, from: 1, to: 3 }, { kind: 2, from: 3, to: 4 }]);
});

test("where there are more positions than pixels, the best of each pixel is shown", () => {
  const points = Array.from({ length: 1000 }, (_, t) => ({ value: t === 777 ? 0 : t % 9 === 0 ? 3 : 5, exact: t % 9 === 0 || t === 777 }));
  const columns = positionColumns({ points, axis: { place: (rank) => 1 - rank / 5 } }, 100);
  assert.equal(columns.find((one) => one.position === 777).column, 77);
  assert.equal(columns.filter((one) => one.high === 1).length, 1);
  assert.ok(columns.length <= 100 && columns.every((one) => points[one.position].exact && Math.floor(one.position / 10) === one.column));
});
