import test from "node:test";
import assert from "node:assert/strict";
import { LINES, contrast, luminance, shadeFill, shadeInk, shadeRgb } from "../../templates/js/core/colour.js";

const numbers = (css) => css.match(/\d+/g).map(Number);

test("lightness only falls in the light theme and only rises in the dark one", () => {
  for (const [dark, sign] of [[false, -1], [true, 1]]) {
    for (let n = 1; n <= 255; n += 1) {
      const step = luminance(shadeRgb(n / 255, dark)) - luminance(shadeRgb((n - 1) / 255, dark));
      assert.ok(step * sign >= -0.002, `${dark} ${n} ${step}`);
    }
  }
});

test("equal steps of the value are about equal steps of lightness", () => {
  const lightness = (rgb) => 116 * Math.cbrt(luminance(rgb)) - 16;
  for (const dark of [false, true]) {
    const ends = [0, 1].map((s) => lightness(shadeRgb(s, dark)));
    for (const s of [0.2, 0.4, 0.6, 0.8]) {
      const even = ends[0] + s * (ends[1] - ends[0]);
      assert.ok(Math.abs(lightness(shadeRgb(s, dark)) - even) < 12, `${dark} ${s}`);
    }
  }
});

test("one ink reads on every shade: a contrast of at least 4.5", () => {
  for (const dark of [false, true]) {
    for (let n = 0; n <= 255; n += 1) {
      const ratio = contrast(numbers(shadeFill(n / 255, dark)), numbers(shadeInk(dark)));
      assert.ok(ratio >= 4.5, `${dark} ${n} ${ratio}`);
    }
  }
});

test("the order survives protanopia, deuteranopia and tritanopia", () => {
  // Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
  const kinds = [
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
  ];
  const linear = (v) => (v <= 10.314 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  for (const kind of kinds) {
    for (const dark of [false, true]) {
      const seen = Array.from({ length: 17 }, (_, n) => {
        const rgb = shadeRgb(n / 16, dark).map(linear);
        const [r, g, b] = kind.map((row) => Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]));
        return 116 * Math.cbrt(0.2126 * r + 0.7152 * g + 0.0722 * b) - 16;
      });
      for (let n = 1; n < seen.length; n += 1) assert.ok((seen[n] - seen[n - 1]) * (dark ? 1 : -1) > 0.5, `${dark} ${n}`);
    }
  }
});

test("lines of charts stand out from their ground", () => {
  const rgb = (hex) => [1, 3, 5].map((n) => Number.parseInt(hex.slice(n, n + 2), 16));
  for (const line of LINES.light) assert.ok(contrast(rgb(line), [255, 255, 255]) >= 3, line);
  for (const line of LINES.dark) assert.ok(contrast(rgb(line), [25, 29, 36]) >= 3, line);
});

test("any two lines can be told apart, without red or green cones too", () => {
  const product = (matrix, v) => matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
  const linear = (v) => (v <= 10.314 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const oklab = (rgb) => product([[0.2105, 0.7936, -0.0041], [1.978, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]],
    product([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.63]], rgb).map(Math.cbrt));
  const kinds = [ // and the least distance in OKLab; Machado, Oliveira and Fernandes 2009
    [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], 0.13],
    [[[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]], 0.06],
    [[[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]], 0.06],
  ];
  for (const [kind, least] of kinds) {
    for (const lines of Object.values(LINES)) {
      const seen = lines.map((hex) => oklab(product(kind, [1, 3, 5].map((n) => linear(Number.parseInt(hex.slice(n, n + 2), 16)))).map((v) => Math.max(0, Math.min(1, v)))));
      seen.forEach((a, n) => seen.slice(n + 1).forEach((b, m) => {
        assert.ok(Math.hypot(...a.map((v, k) => v - b[k])) >= least, `${lines[n]} ${lines[n + 1 + m]}`);
      }));
    }
  }
});
