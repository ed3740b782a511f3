import test from "node:test";
import assert from "node:assert/strict";
import { contrast } from "../../templates/js/core/colour.js";
import { LOOKS, fadeMost, hatchAlpha, patchMark } from "../../templates/js/image/looks.js";

const HALF = 0.5; // the strength that a report opens with
const PAPER = { false: [246, 247, 248], true: [18, 21, 26] };
const mark = (shade, change = {}) => patchMark(shade, { look: "fade", strength: HALF, found: false, dark: false, paper: PAPER.false, unknown: [236, 238, 241], ...change });
const over = (rgb, alpha, ground) => rgb.map((value, n) => alpha * value + (1 - alpha) * ground[n]);

test("the surest patch is the picture itself, and the less sure the more it fades", () => {
  for (const found of [false, true]) {
    assert.equal(mark(1, { found }).alpha, 0);
    for (let n = 1; n <= 20; n += 1) assert.ok(mark(n / 20, { found }).alpha < mark((n - 1) / 20, { found }).alpha);
    assert.ok(mark(0, { found }).alpha < 0.9, "what fades can still be seen");
  }
});

test("without strength every look leaves the picture as it is", () => {
  for (const { look } of LOOKS) {
    for (const shade of [-1, 0, 0.3, 1]) {
      const shown = mark(shade, { look, strength: 0 });
      assert.ok(shown.alpha === 0, `${look} ${shade}`);
      assert.equal(hatchAlpha(0), 0);
    }
  }
});

test("the area of a dot is the value", () => {
  const area = (shade) => mark(shade, { look: "dots" }).dot ** 2;
  for (const shade of [0.1, 0.25, 0.6]) assert.ok(Math.abs(area(shade) / area(1) - shade) < 1e-9);
  assert.ok(mark(1, { look: "dots" }).dot < 1, "the picture is seen around it");
});

test("what is below p_k is hatched in every look, and known values never are", () => {
  for (const { look } of LOOKS) {
    assert.ok(mark(-1, { look }).hatched && hatchAlpha(HALF) > 0, look);
    assert.ok(!mark(0, { look }).hatched && !mark(1, { look }).hatched);
  }
});

test("a patch that surely holds the chosen token stands out on a picture of any colour but paper", () => {
  for (const dark of [false, true]) {
    const ground = dark ? [200, 200, 200] : [70, 70, 70];
    const shown = (shade) => { const { rgb, alpha } = mark(shade, { found: true, dark, paper: PAPER[dark] }); return over(rgb, alpha, ground); };
    assert.ok(contrast(shown(1), shown(0)) >= 3);
  }
  assert.ok(fadeMost(HALF, true) > fadeMost(HALF, false));
});
