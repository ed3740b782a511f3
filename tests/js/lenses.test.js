import test from "node:test";
import assert from "node:assert/strict";
import { smallRecord } from "./page.js";
import { LensPage } from "../../templates/js/core/record.js";
import { nextLens } from "../../templates/js/core/actions.js";
import { quantityNow } from "../../templates/js/core/quantity.js";
import { placesNow } from "../../templates/js/core/places.js";
import { distanceOf, halfDecided, halfSentence } from "../../templates/js/lenses/distance.js";

const code = (m, e) => 1 + 900 * (e + 62) + m - 100; // m·10^(e−2)

/** Two lenses; the further one differs at the first of two layers: ▁a (row 2) on top everywhere, with .8. */
function twoLenses(names = ["logit", "tuned"]) {
  const { blocks } = smallRecord();
  const own = { "layers@1": Int32Array.from([0]), "top@1": Uint16Array.from([2, 0, 2, 0, 2, 0, 2, 0]), "prob@1": Uint16Array.from(Array(4).fill([code(800, -1), code(100, -1)]).flat()) };
  return new LensPage(
    { meta: { image: { width: 20, height: 10 } }, layers: [0, 7], positions: 4, ranks: 2, tokens: 5, tracked: [], lenses: names },
    { ...blocks, ...own },
  );
}

/** A state that knows nothing but values. */
const stateOf = (values) => ({ all: () => values, get: (key) => values[key], set: (change) => Object.assign(values, change) });

test("a lens reads its own layers, and at the others what the logit lens reads", () => {
  const record = twoLenses();
  const logit = smallRecord();
  for (let t = 0; t < 4; t += 1) assert.equal(record.topIndex(0, t, 0), logit.topIndex(0, t, 0));
  record.showLens("tuned");
  for (let t = 0; t < 4; t += 1) {
    assert.deepEqual([record.topIndex(0, t, 0), record.topProb(0, t, 0)], [2, 0.8]);
    for (let r = 0; r < 2; r += 1) assert.equal(record.topIndex(1, t, r), logit.topIndex(1, t, r));
  }
  assert.equal(record.lensTitle, "tuned lens");
  record.showLens("no such lens");
  assert.equal(record.lensTitle, "logit lens");
});

test("a record through one lens stays with it whichever is shown", () => {
  const record = twoLenses();
  const [logit, tuned] = record.everyLens;
  const shown = record.through();
  record.showLens("tuned");
  assert.equal(shown, logit);
  assert.equal(record.through(), tuned);
  assert.equal(logit.topIndex(0, 3, 0), 4);
  assert.equal(tuned.topIndex(0, 3, 0), 2);
  assert.equal(tuned.decision(1), 1);
  assert.deepEqual(tuned.place(2), record.place(2));
  assert.equal(smallRecord().through(0).lens, 0);
});

test("what is worked out of a lens is kept for that lens", () => {
  const record = twoLenses();
  const state = stateOf({ colour: "prob", tokens: [], range: "unit", layer: 0, lens: "logit" });
  const [before, places] = [quantityNow(record, state), placesNow(record, state)];
  record.showLens("tuned");
  const now = quantityNow(record, state);
  assert.deepEqual([before.value(0, 3), now.value(0, 3)], [0.1, 0.8]);
  assert.notEqual(placesNow(record, state), places);
  record.showLens("logit");
  assert.equal(quantityNow(record, state), before);
  assert.equal(placesNow(record, state), places);
});

test("a scale spans what all lenses read", () => {
  const record = twoLenses();
  const state = stateOf({ colour: "prob", tokens: [20], range: "report" }); // ▁a
  const ranges = ["logit", "tuned"].map((name) => {
    record.showLens(name);
    return quantityNow(record, state).range;
  });
  assert.deepEqual(ranges, [[0, 0.8], [0, 0.8]]);
});

test("l goes from lens to lens and begins again", () => {
  const record = twoLenses(["logit", "tuned"]);
  const state = stateOf({ lens: "logit" });
  nextLens(state, record);
  assert.equal(state.get("lens"), "tuned");
  nextLens(state, record);
  assert.equal(state.get("lens"), "logit");
});

test("distances are quartiles over the positions, patches and text apart", () => {
  const kl = Uint16Array.from([code(100, 0), code(400, 0), code(200, 0), code(300, 0), 0, 0, 65535, 0]);
  const { groups, most } = distanceOf(smallRecord({ blocks: { kl } }));
  assert.deepEqual(groups.map(({ name, count }) => [name, count]), [["patches", 2], ["text", 2]]);
  assert.deepEqual(groups[0].lenses[0].quartiles, [{ low: 2.5, middle: 3, high: 3.5 }, { low: 0, middle: 0, high: 0 }]);
  assert.deepEqual(groups[1].lenses[0].quartiles[0], { low: 1.5, middle: 2, high: 2.5 });
  assert.equal(most, 3.5);
});

test("where nothing was recorded there is no distance, and no line", () => {
  const [{ lenses }] = distanceOf(smallRecord({ blocks: { kl: new Uint16Array(8).fill(65535) } })).groups;
  assert.ok(lenses[0].quartiles.every(({ middle }) => Number.isNaN(middle)));
});

test("half of the patches have settled when half of them keep their final word", () => {
  // the top token of position 1 changes after the first layer, that of position 2 does not
  const record = smallRecord();
  assert.equal(halfDecided(record, [1, 2]), 0);
  assert.equal(halfDecided(record, [1]), 1);
  assert.equal(halfSentence(record), "Half of the 2 patches read as their final word, and stay with it, from the embeddings on.");
});
