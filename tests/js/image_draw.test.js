import test from "node:test";
import assert from "node:assert/strict";
import { contrast, shadeRgb } from "../../templates/js/core/colour.js";
import { patchAlpha } from "../../templates/js/image/draw.js";

const HALF = 0.5; // the strength that a report opens with
const over = (rgb, alpha, ground) => rgb.map((value, n) => alpha * value + (1 - alpha) * ground[n]);

test("the higher a value the stronger its colour, and without strength there is none", () => {
  for (const found of [false, true]) {
    for (let n = 1; n <= 20; n += 1) assert.ok(patchAlpha(n / 20, HALF, found) > patchAlpha((n - 1) / 20, HALF, found));
    assert.equal(patchAlpha(1, 0, found), 0);
    assert.equal(patchAlpha(0.3, 1, found), 1);
  }
});

test("a patch that surely holds the chosen token stands out on any picture, in either theme", () => {
  for (const ground of [[0, 0, 0], [70, 70, 70], [128, 128, 128], [200, 200, 200], [255, 255, 255]]) {
    for (const dark of [false, true]) {
      const shown = (shade) => over(shadeRgb(shade, dark), patchAlpha(shade, HALF, true), ground);
      const ratio = contrast(shown(1), shown(0));
      assert.ok(ratio >= 3, `${ground} ${dark} ${ratio}`);
    }
  }
});
