import test from "node:test";
import assert from "node:assert/strict";
import { formatNumber, formatProb, formatRank, visibleText } from "../../templates/js/core/format.js";

test("numbers have three significant digits and are never rounded to zero", () => {
  const pairs = [[0, "0"], [1, "1.00"], [0.5, "0.500"], [0.0123, "0.0123"], [0.00123, "0.00123"], [0.000123, "1.23e-4"], [1.2e-7, "1.20e-7"], [12.3, "12.3"], [123, "123"], [1234, "1230"], [32064, "32100"], [NaN, "–"]];
  for (const [value, text] of pairs) assert.equal(formatNumber(value), text);
});

test("a probability that rounding lifted above 1 reads 1.00", () => assert.equal(formatProb(1.0004), "1.00"));

test("ranks count from 1 for people", () => {
  assert.equal(formatRank(0), "#1");
  assert.equal(formatRank(12344), "#12,345");
});

test("a token without text or of blanks alone can be seen, any other text stays as it is", () => {
  assert.equal(visibleText(""), "∅");
  assert.equal(visibleText(" "), "␣");
  assert.equal(visibleText("  \u00a0"), "␣␣␣");
  assert.equal(visibleText("י<0xD7>"), "י\u2066<0xD7>\u2069");
  assert.equal(visibleText("ش<0xD9><U+200B>م"), "ش\u2066<0xD9><U+200B>\u2069م");
  for (const text of ["▁שלום", "a<0xD7>", "<0xD7>", "א<b>"]) assert.equal(visibleText(text), text);
  for (const text of ["▁dog", " dog", "a b", "⏎", "▁", "<image>"]) assert.equal(visibleText(text), text);
});
