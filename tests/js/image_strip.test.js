import test from "node:test";
import assert from "node:assert/strict";
import { gridOf, patchRecord } from "./image_record.js";
import { patchSet } from "../../templates/js/image/map.js";
import { layerMean, mapPixels, stripLayer, stripLayout } from "../../templates/js/layers/strip_map.js";

const LOOK = { gap: 4, label: 12, least: 15, most: 150 };

test("maps of 1, 9, 33 and 100 layers lie inside the width and are as large as fits", () => {
  for (const count of [1, 2, 9, 33, 100]) {
    for (const room of [{ width: 410, height: 220 }, { width: 280, height: 140 }, { width: 900, height: 90 }, { width: 40, height: 20 }]) {
      for (const aspect of [1, 0.1, 20]) {
        const layout = stripLayout(count, aspect, room, LOOK);
        const rows = Math.ceil(count / layout.columns);
        assert.ok(layout.columns * layout.stepX - LOOK.gap <= Math.max(room.width, layout.stepX), `${count} ${JSON.stringify(room)}`);
        assert.equal(layout.fits, rows * layout.stepY - LOOK.gap <= room.height);
        assert.ok(layout.width >= LOOK.least && layout.width <= LOOK.most);
        for (let layer = 0; layer < count; layer += 1) {
          const x = (layer % layout.columns) * layout.stepX + layout.width / 2;
          const y = Math.floor(layer / layout.columns) * layout.stepY + layout.height / 2;
          assert.equal(stripLayer(layout, count, x, y), layer);
        }
        assert.equal(stripLayer(layout, count, -1, 0), -1);
        assert.equal(stripLayer(layout, count, 0, rows * layout.stepY + 1), -1);
      }
    }
  }
});

test("every pixel of a small map shows the patch that lies there", () => {
  const set = patchSet(patchRecord(gridOf(0, 3, 4, [10, 20, 90, 80])), 0);
  for (const [width, height] of [[40, 30], [4, 3], [17, 11], [2, 2]]) {
    const pixels = mapPixels(set, width, height);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const n = pixels[y * width + x];
        assert.ok(n >= 0);
        const [left, top, right, bottom] = set.boxes.slice(4 * n, 4 * n + 4);
        const [px, py] = [10 + ((x + 0.5) / width) * 80, 20 + ((y + 0.5) / height) * 60];
        const slack = 80 / width;
        assert.ok(px > left - slack && px < right + slack && py > top - slack && py < bottom + slack);
      }
    }
  }
});

test("the mean of a layer keeps known and unknown apart", () => {
  const shades = [0.5, -1, 1, -2];
  const quantity = { shade: (_, t) => shades[t], value: (_, t) => 10 * shades[t] };
  const mean = layerMean(quantity, Int32Array.from([0, 1, 2, 3]), 0);
  assert.deepEqual(mean, { shade: 0.5, value: 7.5, known: 2, count: 3 });
  assert.ok(Number.isNaN(layerMean(quantity, Int32Array.from([3]), 0).shade));
});
