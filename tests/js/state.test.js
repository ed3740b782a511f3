import test from "node:test";
import assert from "node:assert/strict";
import { fakeWindow, tiledRecord } from "./page.js";
import { chooseAndPin, clearOne, isAllFolded, toggleAllFolds, toggleFold } from "../../templates/js/core/actions.js";
import { State } from "../../templates/js/core/state.js";
import { DEFAULTS } from "../../templates/js/core/state_values.js";

const sizes = { layers: 33, positions: 600, lenses: ["logit", "a,b & c"] };
const make = (page, start = {}) => new State(start, sizes, page);

test("every saved key survives the address", () => {
  const page = fakeWindow();
  const state = make(page);
  const change = {
    layer: 26, cell: { layer: 3, position: 9 }, pins: [{ layer: 1, position: 2 }, { layer: 3, position: 4 }], lens: "a,b & c", colour: "kl", tokens: [5, 77],
    query: "a&b=c,#%", rows: "image", order: "word", whole: true, span: { from: 8, to: 30, step: 2 }, folded: [0, 2], zoomedOut: true, region: [5, 6, 7, 9], word: 3, view: 2, range: "log",
    look: "dots", strength: 0.35, words: false, zoom: { by: 2.5, x: 320, y: 99.5 },
    scroll: { row: -6, layer: 12 }, large: true, scale: "log", charts: "position", shown: "b", measure: "prob:5", theme: "dark",
  };
  state.set(change);
  page.run();
  const again = make(fakeWindow(page.location.hash)).all();
  for (const key of Object.keys(change)) assert.deepEqual(again[key], change[key], key);
  assert.deepEqual(Object.keys(change).sort(), Object.keys(DEFAULTS).filter((key) => !["hover", "dark", "paper", "playing"].includes(key)).sort());
});

test("a fresh page has an empty address and hovering does not change it", () => {
  const page = fakeWindow();
  const state = make(page, { layer: 4 });
  state.set({ hover: { layer: 1, position: 1 } });
  page.run();
  assert.equal(page.location.hash, "");
});

test("malformed and impossible values are ignored", () => {
  const broken = "#layer=99&cell=1.999&pins=1.2,x.y,40.1&colour=evil&tokens=1,-2,x&rows=__proto__&region=1-9999999999&theme=%E0%A4%A&constructor=1&scale";
  const values = make(fakeWindow(broken)).all();
  assert.equal(values.layer, 0);
  assert.equal(values.cell, null);
  assert.deepEqual(values.pins, [{ layer: 1, position: 2 }]);
  assert.equal(values.colour, "prob");
  assert.deepEqual(values.tokens, [1]);
  assert.equal(values.rows, "all");
  assert.equal(values.region.at(-1), 599);
  assert.equal(values.theme, "auto");
});

test("a zoom or a scroll that makes no sense is none", () => {
  for (const text of ["", "1,2", "0.5,1,1", "x,1,1", "2,1,1e99"]) assert.equal(make(fakeWindow(`#zoom=${text}`)).get("zoom"), null, text);
  for (const text of ["", "5", "600.1", "-601.1", "5.33", "a.b"]) assert.equal(make(fakeWindow(`#scroll=${text}`)).get("scroll"), null, text);
});

test("a span of layers that makes no sense is all layers", () => {
  const spanOf = (text) => make(fakeWindow(`#span=${text}`)).get("span");
  assert.deepEqual(spanOf("3-9"), { from: 3, to: 9, step: 1 });
  assert.deepEqual(spanOf("3-999/4"), { from: 3, to: 32, step: 4 });
  for (const text of ["", "9-3", "x-y", "1-2/0", "40-50", "1"]) assert.equal(spanOf(text), null, text);
});

test("draws are batched: one per frame, with the keys that changed", () => {
  const page = fakeWindow();
  const state = make(page);
  const calls = [];
  state.on(["layer", "colour"], (changed) => calls.push([...changed].sort()));
  page.run();
  state.set({ layer: 1 });
  state.set({ layer: 2 });
  state.set({ colour: "agree", rows: "text" });
  page.run();
  state.set({ layer: 2 });
  page.run();
  assert.deepEqual(calls, [["colour", "layer"], ["colour", "layer"]]);
});

test("choices are steps back, playing layers is not", () => {
  const page = fakeWindow();
  const state = make(page);
  state.set({ layer: 3 });
  page.run();
  state.set({ colour: "agree" });
  page.run();
  assert.deepEqual(page.entries.map(([kind]) => kind), ["replace", "push"]);
  page.go("#layer=3");
  assert.equal(state.get("colour"), "prob");
  assert.equal(page.entries.length, 2);
});

test("back to another selection hovers nothing, any other step leaves the hover alone", () => {
  const page = fakeWindow();
  const state = make(page);
  const hover = { layer: 1, position: 1 };
  state.set({ cell: hover, hover, colour: "kl" });
  page.go("#cell=1.1");
  assert.deepEqual(state.get("hover"), hover);
  page.go("#cell=2.2");
  assert.equal(state.get("hover"), null);
});

test("an unknown key is a mistake in the program", () => {
  assert.throws(() => make(fakeWindow()).set({ colours: "x" }), /no such state/);
});

test("click pins and selects, a second click lets go", () => {
  const state = make(fakeWindow());
  const cell = { layer: 2, position: 3 };
  chooseAndPin(state, cell);
  assert.deepEqual([state.get("pins"), state.get("cell"), state.get("layer")], [[cell], cell, 2]);
  chooseAndPin(state, { ...cell });
  assert.deepEqual([state.get("pins"), state.get("cell")], [[], null]);
});

test("views fold one by one or all together", () => {
  const record = tiledRecord();
  const state = make(fakeWindow());
  toggleFold(state, 1);
  toggleFold(state, 0);
  assert.deepEqual([state.get("folded"), isAllFolded(state, record)], [[0, 1], true]);
  toggleFold(state, 1);
  assert.deepEqual([state.get("folded"), isAllFolded(state, record)], [[0], false]);
  toggleAllFolds(state, record);
  assert.deepEqual(state.get("folded"), [0, 1]);
  toggleAllFolds(state, record);
  assert.deepEqual(state.get("folded"), []);
});

test("Esc clears one thing after another", () => {
  const state = make(fakeWindow());
  state.set({ cell: { layer: 0, position: 0 }, region: [1], tokens: [4] });
  clearOne(state);
  assert.equal(state.get("cell"), null);
  clearOne(state);
  assert.deepEqual(state.get("region"), []);
  clearOne(state);
  assert.deepEqual(state.get("tokens"), []);
});
