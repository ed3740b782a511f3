import test from "node:test";
import assert from "node:assert/strict";
import { smallRecord } from "./page.js";
import { colourChoices, quantityOf } from "../../templates/js/core/quantity.js";
import { probOf, rankOf } from "../../templates/js/core/token_prob.js";

const shades = (q, record) => [0, 1].map((l) => [0, 1, 2, 3].map((t) => q.shade(l, t)));

test("without chosen tokens, probability is that of the top token, on 0..1", () => {
  const q = quantityOf(smallRecord(), { colour: "prob", tokens: [] });
  assert.deepEqual(shades(q), [[0.5, 0.5, 0.5, 0.1], [0.5, 0.5, 0.5, 0.5]]);
  assert.equal(q.text(0, 3), "0.100");
});

test("a chosen token outside the top k is below, not zero", () => {
  const q = quantityOf(smallRecord(), { colour: "prob", tokens: [10] }); // ▁cat
  assert.deepEqual(shades(q), [[0.2, 1, -1, -1], [-1, 0.2, 0.2, 2.46e-7]]);
  assert.ok(q.below(0, 2));
  assert.equal(q.text(0, 2), "< 0.100");
  assert.equal(q.text(1, 3), "1.23e-7");
});

test("several tokens are summed, and a sum with unknown parts says so", () => {
  const q = quantityOf(smallRecord(), { colour: "prob", tokens: [30, 10] });
  assert.equal(q.text(0, 0), "0.600");
  assert.equal(q.text(0, 2), "≥ 0.500");
});

test("ids that the report does not hold are ignored", () => {
  assert.equal(quantityOf(smallRecord(), { colour: "prob", tokens: [999] }).title, "Probability of the top token");
});

test("rank is shaded from the best down and unknown beyond k", () => {
  const q = quantityOf(smallRecord(), { colour: "rank", tokens: [30] });
  assert.equal(q.shade(0, 0), 1);
  assert.equal(q.shade(0, 1), -1);
  assert.equal(q.text(0, 1), "> #2");
  assert.equal(q.text(0, 3), "#2");
});

test("a statistic that is NaN in one cell has no colour there", () => {
  const code = (m, e) => 1 + 900 * (e + 62) + m - 100;
  const entropy = new Uint16Array(8).fill(code(200, 0));
  entropy[3] = 65535;
  const q = quantityOf(smallRecord({ blocks: { entropy } }), { colour: "entropy", tokens: [] });
  assert.deepEqual(shades(q)[0], [1, 1, 1, -2]);
  assert.equal(q.text(0, 3), "–");
});

test("agreement compares with the position's own final token", () => {
  const q = quantityOf(smallRecord(), { colour: "agree", tokens: [] });
  assert.deepEqual(shades(q), [[1, -1, 1, 1], [1, 1, 1, 1]]);
});

test("a colour that the record cannot fill falls back to probability", () => {
  assert.equal(quantityOf(smallRecord(), { colour: "kl", tokens: [] }).mode, "prob");
  assert.deepEqual(colourChoices(smallRecord(), []).filter((c) => c.enabled).map((c) => c.mode), ["prob", "agree", "none"]);
});

test("the legend has round numbers and ends at the largest value", () => {
  const code = (m, e) => 1 + 900 * (e + 62) + m - 100;
  for (const [largest, texts] of [[code(127, 1), ["0", "5", "10", "12.7"]], [code(100, 0), ["0", "0.25", "0.5", "0.75", "1.00"]], [code(317, -3), ["0", "0.001", "0.002", "0.00317"]]]) {
    const entropy = new Uint16Array(8).fill(largest);
    const { ticks } = quantityOf(smallRecord({ blocks: { entropy } }), { colour: "entropy", tokens: [] });
    assert.deepEqual(ticks.map((tick) => tick.text), texts);
    assert.equal(ticks.at(-1).at, 1);
  }
});

test("what is painted and what is said agree, for tracked and other tokens together", () => {
  const code = (m, e) => 1 + 900 * (e + 62) + m - 100;
  const record = smallRecord({
    tracked: [1],
    blocks: { tracked_prob: Uint16Array.from([7, 6, 5, 4, 3, 2, 1, 9], (m) => code(100 * m, -3)), tracked_rank: Int32Array.from([0, 1, 2, 3, 40, 500, 2, 1]) },
  });
  for (const tokens of [[10], [10, 30], [30, 20], [50]]) {
    const indices = tokens.map((id) => record.indexOf(id));
    for (const colour of ["prob", "rank"]) {
      const q = quantityOf(record, { colour, tokens });
      for (const l of [0, 1]) {
        for (const t of [0, 1, 2, 3]) {
          const said = colour === "prob" ? probOf(record, l, t, indices) : rankOf(record, l, t, indices);
          assert.equal(q.below(l, t), !said.known, `${tokens} ${colour} ${l} ${t}`);
          assert.equal(q.shade(l, t) === -1, !said.known);
          if (said.known && colour === "prob") assert.ok(Math.abs(q.shade(l, t) - Math.min(1, said.value / q.range[1])) < 1e-6);
          if (said.known && colour === "rank") assert.ok(Math.abs(q.shade(l, t) - (1 - Math.log1p(said.value) / Math.log1p(q.range[1]))) < 1e-6);
        }
      }
    }
  }
});
