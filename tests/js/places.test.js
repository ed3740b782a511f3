import test from "node:test";
import assert from "node:assert/strict";
import { gridBoxes, code } from "./image_record.js";
import { LensPage } from "../../templates/js/core/record.js";
import { onsetAt, onsetOf, onsetSentence, readingsAt } from "../../templates/js/core/onset.js";
import { placeNumber, placesNow, readingsOf, surestPlaces } from "../../templates/js/core/places.js";

const [ROWS, COLUMNS, K] = [6, 7, 3];
const WORD = 1, TWIN = 2, OTHER = 3;

/**
 * A text position, then a grid; what is not planted reads as fillers that differ from patch to patch.
 * @param {Object<string, [number, number, number]>[]} layers "row,column" → [token, p, rank]
 */
function planted(layers, { tracked = [], trackedRank = () => 0, views = 1 } = {}) {
  const patches = ROWS * COLUMNS * views, T = patches + 1, fillers = 4;
  const cell = (l, t) => {
    const list = [0, 1, 2].map((r) => [fillers + ((3 * t + r) % 40), 0.09 - 0.02 * r]);
    const n = t - 1, [view, row, column] = [Math.floor(n / (ROWS * COLUMNS)), Math.floor((n % (ROWS * COLUMNS)) / COLUMNS), n % COLUMNS];
    const plant = t > 0 && view === 0 ? layers[l][`${row},${column}`] : undefined;
    if (plant) list[plant[2]] = [plant[0], plant[1]];
    return list;
  };
  const cells = layers.flatMap((_, l) => Array.from({ length: T }, (_, t) => cell(l, t)));
  const box = Array.from({ length: views }, () => gridBoxes(ROWS, COLUMNS, [0, 0, 70, 60])).flat(2);
  return new LensPage(
    { meta: { image: { width: 70, height: 60 } }, layers: layers.map((_, l) => l), positions: T, ranks: K, tokens: 44, tracked },
    {
      token_text: Array.from({ length: 44 }, (_, i) => `▁t${i}`), token_id: Int32Array.from({ length: 44 }, (_, i) => 100 + i),
      input: new Uint16Array(T), kind: Uint8Array.from({ length: T }, (_, t) => (t ? 1 : 0)),
      box: Float32Array.from([NaN, NaN, NaN, NaN, ...box]),
      patch_view: Int16Array.from({ length: T }, (_, t) => (t ? Math.floor((t - 1) / (ROWS * COLUMNS)) : -1)),
      top: Uint16Array.from(cells.flat().map(([token]) => token)), prob: Uint16Array.from(cells.flat().map(([, p]) => code(p))),
      ...(tracked.length ? {
        tracked_prob: Uint16Array.from({ length: layers.length * T }, () => code(0.001)),
        tracked_rank: Int32Array.from({ length: layers.length * T }, (_, n) => trackedRank(Math.floor(n / T), n % T)),
      } : {}),
    },
  );
}

const at = (row, column) => 1 + row * COLUMNS + column;
const plants = (token, p, rank, ...cells) => Object.fromEntries(cells.map((cell) => [cell, [token, p, rank]]));

test("places are ranked by what their patches add up to, and a lone patch comes after them", () => {
  const record = planted([
    {}, plants(WORD, 0.2, 1, "1,1", "1,2"),
    { ...plants(WORD, 0.6, 0, "1,1", "1,2", "2,2"), ...plants(WORD, 0.97, 0, "5,6"), ...plants(WORD, 0.05, 2, "3,5") },
    { ...plants(WORD, 0.5, 0, "1,1", "1,2"), ...plants(WORD, 0.1, 2, "3,4", "3,5") },
  ]);
  const { places, layers } = readingsOf(record, [WORD]);
  assert.deepEqual(places.map(({ layer, positions }) => [layer, positions]), [
    [2, [at(1, 1), at(1, 2), at(2, 2)]], [2, [at(5, 6)]], [3, [at(3, 4), at(3, 5)]],
  ]);
  assert.deepEqual([places[0].onTop, places[0].best, Number(places[0].sum.toFixed(6))], [3, 0.6, 1.8]);
  assert.equal(places[1].peak, at(5, 6));
  assert.deepEqual(layers.map(({ count, onTop, parts }) => [count, onTop, parts]), [[0, 0, 0], [2, 0, 1], [5, 4, 2], [4, 2, 2]]);
});

test("faint readings are counted, and join nothing", () => {
  const record = planted([{ ...plants(WORD, 0.8, 0, "1,1", "1,3"), ...plants(WORD, 0.07, 2, "1,2") }, plants(WORD, 0.09, 2, "1,2")]);
  const { places, layers } = readingsOf(record, [WORD]);
  assert.deepEqual(places.map((place) => place.positions), [[at(1, 1)], [at(1, 3)]]);
  assert.deepEqual(layers.map(({ count, strong, parts }) => [count, strong, parts]), [[3, 2, 2], [1, 1, 1]]);
});

test("corners connect, the edges of the grid and of a view do not", () => {
  const record = planted([plants(WORD, 0.5, 0, "0,6", "1,0", "2,1", "3,2")], { views: 2 });
  assert.deepEqual(readingsOf(record, [WORD]).places.map((place) => place.positions), [[at(1, 0), at(2, 1), at(3, 2)], [at(0, 6)]]);
  const last = planted([plants(WORD, 0.5, 0, "5,6")], { views: 2 });
  assert.deepEqual(readingsOf(last, [WORD]).places.map((place) => place.positions), [[at(5, 6)]]);
});

test("a place that moves a patch along over the layers is one place", () => {
  const record = planted([plants(WORD, 0.5, 0, "2,2", "2,3"), plants(WORD, 0.6, 0, "2,3", "2,4"), plants(WORD, 0.3, 0, "2,5")]);
  assert.deepEqual(readingsOf(record, [WORD]).places.map(({ layer, positions }) => [layer, positions]), [[1, [at(2, 3), at(2, 4)]]]);
});

test("several tokens are summed where they are read together", () => {
  const record = planted([{ ...plants(WORD, 0.5, 0, "1,1"), ...plants(TWIN, 0.25, 0, "1,2") }]);
  const { places } = readingsOf(record, [WORD, TWIN]);
  assert.deepEqual([places.length, places[0].positions, places[0].sum], [1, [at(1, 1), at(1, 2)], 0.75]);
});

test("a tracked token is read where it is among the top k, not everywhere", () => {
  const record = planted([{}, {}], { tracked: [WORD], trackedRank: (l, t) => (l === 1 && (t === at(2, 2) || t === at(2, 3)) ? K - 1 : K) });
  const { places, layers } = readingsOf(record, [WORD]);
  assert.deepEqual(places.map((place) => place.positions), [[at(2, 2), at(2, 3)]]);
  assert.deepEqual(layers.map((layer) => layer.count), [0, 2]);
});

test("random readings: every member is connected, nothing is offered twice, sums fall", () => {
  let seed = 7;
  const random = () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648; };
  const layers = Array.from({ length: 5 }, () => Object.fromEntries(Array.from({ length: 14 }, () => [
    `${Math.floor(random() * ROWS)},${Math.floor(random() * COLUMNS)}`, [WORD, Number((0.1 + 0.8 * random()).toPrecision(3)), Math.floor(random() * K)],
  ])));
  const record = planted(layers);
  const { places } = readingsOf(record, [WORD]);
  const place = (t) => [Math.floor((t - 1) / COLUMNS), (t - 1) % COLUMNS];
  const touch = (a, b) => { const [[r, c], [s, d]] = [place(a), place(b)]; return Math.abs(r - s) <= 1 && Math.abs(c - d) <= 1; };
  const here = (l, t) => record.rankInTop(l, t, WORD) >= 0;
  // a flood fill written another way: grow until nothing is added
  const grow = (layer, from) => {
    let grown = [from];
    for (let size = 0; size !== grown.length;) {
      size = grown.length;
      grown = Array.from({ length: ROWS * COLUMNS }, (_, n) => n + 1).filter((t) => here(layer, t) && grown.some((member) => touch(member, t)));
    }
    return grown;
  };
  for (const { layer, positions, sum } of places) {
    assert.deepEqual(positions, grow(layer, positions[0]));
    const total = positions.reduce((all, t) => all + record.prob(layer, t, WORD).value, 0);
    assert.ok(Math.abs(total - sum) < 1e-9);
  }
  for (let n = 1; n < places.length; n += 1) {
    assert.ok(places[n].sum <= places[n - 1].sum);
    for (let m = 0; m < n; m += 1) assert.ok(!places[n].positions.some((a) => places[m].positions.some((b) => touch(a, b))));
  }
  // whatever is left out touches a stronger one that is offered
  layers.forEach((_, l) => {
    for (let t = 1; t < record.T; t += 1) {
      if (!here(l, t)) continue;
      const part = grow(l, t), sum = part.reduce((all, member) => all + record.prob(l, member, WORD).value, 0);
      assert.ok(places.some((one) => one.sum >= sum - 1e-9 && one.positions.some((a) => part.some((b) => touch(a, b)))));
    }
  });
});

test("without patches, positions that follow each other make a place", () => {
  const record = planted([plants(WORD, 0.5, 0, "0,1", "0,2", "0,5")]);
  record.kinds.fill(0);
  Object.assign(record, { imagePositions: [], placed: [], views: [] });
  assert.deepEqual(readingsOf(record, [WORD]).places.map((place) => place.positions), [[at(0, 1), at(0, 2)], [at(0, 5)]]);
  assert.match(onsetSentence(record, readingsOf(record, [WORD])), /3 positions in 2 places/);
});

test("a word that no patch reads as is looked for among all positions", () => {
  const record = planted([{}, {}]);
  for (const [t, rank] of [[0, 0], [0, 1]].entries()) record.blocks.top[record.T * K + rank[1]] = t ? TWIN : WORD;
  const { places, ground } = readingsOf(record, [WORD]);
  assert.deepEqual([places.map((place) => [place.layer, place.positions]), ground.one], [[[1, [0]]], "position"]);
});

test("what a layer is surest of: neighbours with one top token, by the surest patch", () => {
  const record = planted([{ ...plants(WORD, 0.5, 0, "0,0", "0,1"), ...plants(OTHER, 0.9, 0, "4,4"), ...plants(WORD, 0.7, 0, "3,6") }]);
  const [first, second, third] = surestPlaces(record, 0);
  assert.deepEqual([first.index, first.best, first.positions], [OTHER, 0.9, [at(4, 4)]]);
  assert.deepEqual([second.index, second.best], [WORD, 0.7]);
  assert.deepEqual([third.index, third.best, third.positions], [WORD, 0.5, [at(0, 0), at(0, 1)]]);
});

test("the places follow the state, and the selection says which one it is", () => {
  const record = planted([plants(WORD, 0.5, 0, "1,1", "1,2"), plants(OTHER, 0.9, 0, "4,4")]);
  const values = { tokens: [100 + WORD], layer: 1, cell: { layer: 0, position: at(1, 2) } };
  const state = { get: (key) => values[key] };
  const { places, readings } = placesNow(record, state);
  assert.equal(placesNow(record, state).places, places);
  assert.equal(readings.places, places);
  assert.equal(placeNumber(places, state), 0);
  values.cell = { layer: 1, position: at(1, 2) };
  assert.equal(placeNumber(places, state), -1);
  values.tokens = [];
  assert.equal(placesNow(record, state).readings, null);
  assert.equal(placesNow(record, state).places[0].index, OTHER);
});

const story = (record) => onsetSentence(record, readingsOf(record, [WORD]));

test("the sentence says from where, to where and where most", () => {
  const two = plants(WORD, 0.04, 2, "1,1", "4,4"), three = { ...plants(WORD, 0.5, 0, "1,1", "1,2"), ...plants(WORD, 0.05, 2, "4,4") };
  assert.equal(story(planted([{}, two, three, two, {}])),
    "In the top 3 from layer 1, on top from 2, strongest at 2: 3 patches in 2 places; gone by 4.");
  assert.equal(story(planted([plants(WORD, 0.6, 0, "2,2")])),
    "In the top 3 from the embeddings, on top from 0, strongest at 0: a lone patch; still there at 0.");
  assert.equal(story(planted([two, {}, three, two, {}, two])),
    "In the top 3 from the embeddings (steadily 2–3), on top from 2, strongest at 2: 3 patches in 2 places; still there at 5.");
  assert.equal(story(planted([{}, two, two])), "In the top 3 from layer 1, never on top, strongest at 1: 2 patches in 2 places; still there at 2.");
  assert.equal(story(planted([{}, {}])), "Never in the top 3 of a patch.");
});

test("a position has its own story", () => {
  const record = planted([{}, plants(WORD, 0.04, 2, "1,1"), plants(WORD, 0.5, 0, "1,1"), {}]);
  const tell = (t) => onsetAt(record, onsetOf(readingsAt(record, t, [WORD])));
  assert.equal(tell(at(1, 1)), "top 3 at 1–2, on top 2, most at 2 (0.500)");
  assert.equal(tell(at(1, 2)), "never in the top 3");
});
