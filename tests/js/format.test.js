import test from "node:test";
import assert from "node:assert/strict";
import { bareQuery, formatNumber, formatProb, formatRank, quietText, spaceMarks, visibleText } from "../../templates/js/core/format.js";

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

test("a leading space is one quiet mark, however the vocabulary spells it", () => {
  for (const text of ["▁dog", "Ġdog", " dog"]) {
    assert.equal(quietText(text), "·dog");
    assert.equal(spaceMarks(text), text[0]);
  }
  assert.equal(quietText("ĠĠĠreturn"), "···return");
  for (const text of ["▁", "Ġ", " "]) assert.equal(quietText(text), "␣");
  assert.equal(quietText("ĠĠ"), "␣␣");
  for (const text of ["dog", "d▁og", "dog▁", "·", "<s>", "⏎"]) assert.deepEqual([quietText(text), spaceMarks(text)], [text, ""]);
  assert.equal(quietText(""), "∅");
});

test("a query means the same with and without a mark of a leading space", () => {
  for (const typed of ["tower", "▁tower", "Ġtower", "·tower", " tower ", "Tower"]) assert.equal(bareQuery(typed), "tower");
  for (const typed of ["▁", "Ġ", "·"]) assert.equal(bareQuery(typed), typed.toLowerCase());
});
