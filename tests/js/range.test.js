import test from "node:test";
import assert from "node:assert/strict";
import { smallRecord } from "./page.js";
import { code } from "./image_record.js";
import { quantityOf } from "../../templates/js/core/quantity.js";
import { probabilityScale, ticksApart } from "../../templates/js/core/range.js";

const texts = (scale) => scale.ticks.map((tick) => tick.text);

test("from 0 to 1 the shade is the probability", () => {
  const scale = probabilityScale("unit", { most: 0.2, least: 0.1, above: false }, "report");
  assert.equal(scale.shade(0.37), 0.37);
  assert.deepEqual(texts(scale), ["0", "0.25", "0.5", "0.75", "1"]);
});

test("the range of the report ends at its largest value and says where others lie above", () => {
  const scale = probabilityScale("report", { most: 0.008, least: 1e-5, above: true }, "unit");
  assert.deepEqual([scale.shade(0), scale.shade(0.004), scale.shade(0.008), scale.shade(0.9)], [0, 0.5, 1, 1]);
  assert.equal(texts(scale).at(-1), "≥ 0.00800");
  assert.equal(scale.ticks.at(-1).at, 1);
});

test("on the logarithmic range every decade has the same room", () => {
  const scale = probabilityScale("log", { most: 0.9, least: 2e-4, above: false }, "unit");
  assert.deepEqual([1e-4, 1e-3, 1e-2, 0.1, 1].map((p) => Number(scale.shade(p).toFixed(9))), [0, 0.25, 0.5, 0.75, 1]);
  assert.equal(scale.shade(0), 0);
  assert.deepEqual(texts(scale), ["10⁻⁴", "10⁻³", "0.01", "0.1", "1"]);
  const wide = probabilityScale("log", { most: 3e-3, least: 1e-30, above: true }, "unit");
  assert.deepEqual(texts(wide), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "≥ 0.01"]);
});

test("a report that would be blank from 0 to 1 opens with a range of its own", () => {
  assert.equal(probabilityScale("auto", { most: 0.01, least: 1e-4, above: false }, "unit").kind, "report");
  assert.equal(probabilityScale("auto", { most: 0.4, least: 1e-4, above: false }, "unit").kind, "unit");
  assert.equal(probabilityScale("unit", { most: 0.01, least: 1e-4, above: false }, "unit").kind, "unit");
});

test("the range is that of the patches: certain text does not leave them blank", () => {
  const base = smallRecord(); // (layer, position, rank) = 2 × 4 × 2; positions 1 and 2 are patches
  const prob = Uint16Array.from([0.9, 0.1, 0.01, 0.001, 0.02, 0.001, 0.9, 0.1, 0.9, 0.1, 0.04, 0.001, 0.02, 0.001, 1, 0], code);
  const record = smallRecord({ blocks: { ...base.blocks, prob } });
  const q = quantityOf(record, { colour: "prob", tokens: [] });
  assert.equal(q.kind, "report");
  assert.deepEqual(q.range, [0, 0.04]);
  assert.deepEqual([q.shade(0, 1), q.shade(1, 1), q.shade(0, 0)], [0.25, 1, 1]);
  assert.match(q.ticks.at(-1).text, /^≥/);
});

test("no number of a legend touches another, down to a scale of 290 pixels", () => {
  const scales = [0.0176, 0.00317, 0.999, 0.021, 0.26, 3e-7, 0.0151].flatMap((most) => ["unit", "report", "log"].map((kind) => probabilityScale(kind, { most, least: most / 900, above: true }, kind).ticks));
  const ranks = [[1499, 0.0], [999, 0.055], [99, 0.37], [9, 0.685], [0, 1]].map(([rank, at]) => ({ at, text: `#${(rank + 1).toLocaleString("en")}` }));
  for (const ticks of [...scales, ranks]) {
    const shown = ticksApart(ticks);
    assert.deepEqual([shown[0], shown.at(-1)], [ticks[0], ticks.at(-1)]);
    const wide = (tick) => 6.3 * tick.text.length;
    const begins = shown.map((tick) => 290 * tick.at - (tick.at === 0 ? 0 : tick.at === 1 ? wide(tick) : wide(tick) / 2));
    for (let n = 1; n < shown.length; n += 1) assert.ok(begins[n] >= begins[n - 1] + wide(shown[n - 1]) + 3, shown.map((tick) => tick.text).join(" "));
  }
  assert.deepEqual(ticksApart(probabilityScale("report", { most: 0.0176, least: 1e-5, above: true }, "unit").ticks).map((tick) => tick.text), ["0", "0.005", "0.01", "≥ 0.0176"]);
  assert.equal(ticksApart(probabilityScale("unit", { most: 1, least: 0.1, above: false }, "unit").ticks).length, 5);
});
