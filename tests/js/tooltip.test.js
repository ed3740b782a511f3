import test from "node:test";
import assert from "node:assert/strict";
import { madeRecord, code } from "./panels.js";
import { rankChange } from "../../templates/js/core/token_prob.js";
import { tooltipPlace } from "../../templates/js/page/tooltip_place.js";

const room = { width: 1280, height: 800 };
const edges = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });
const shared = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

test("the tooltip stays inside the window, beside what it explains", () => {
  const small = { width: 400, height: 300 };
  const tip = { width: 150, height: 100 };
  for (const side of ["beside", "below"]) {
    for (let x = 0; x < 400; x += 20) {
      for (let y = 0; y < 300; y += 20) {
        const { left, top } = tooltipPlace({ left: x, right: x + 20, top: y, bottom: y + 20 }, tip, small, { side });
        assert.ok(left >= 0 && top >= 0 && left + 150 <= 400 && top + 100 <= 300);
        const [aside, apart] = [left >= x + 20 || left + 150 <= x, top >= y + 20 || top + 100 <= y];
        assert.ok(side === "below" ? apart : aside || apart, `${side} ${x} ${y}`);
      }
    }
  }
});

test("from any patch of the picture, the tooltip hides less than half of it and nothing of the pointed row", () => {
  const picture = edges(18, 145, 410, 275);
  for (const row of [edges(447, 217, 824, 25), edges(447, 360, 824, 25), edges(447, 620, 824, 25)]) {
    for (const height of [170, 260]) {
      for (let x = picture.left; x + 17 <= picture.right; x += 17) {
        for (let y = picture.top; y + 11 <= picture.bottom; y += 11) {
          const anchor = edges(x, y, 17, 11);
          const { left, top } = tooltipPlace(anchor, { width: 228, height }, room, { clear: [row], picture });
          const tip = edges(left, top, 228, height);
          assert.equal(shared(tip, row), 0, `over the row: ${x} ${y}`);
          assert.equal(shared(tip, anchor), 0);
          assert.ok(shared(tip, picture) < 0.5 * 410 * 275, `over the picture: ${x} ${y}`);
        }
      }
    }
  }
});

test("below a cell of the grid there is no part of its row under the tooltip", () => {
  for (let y = 217; y < 640; y += 24) {
    const row = edges(447, y, 824, 25);
    for (let x = 551; x < 1200; x += 68) {
      const { left, top } = tooltipPlace(edges(x, y, 68, 24), { width: 228, height: 260 }, room, { side: "below", clear: [row] });
      assert.equal(shared(edges(left, top, 228, 260), row), 0);
    }
  }
});

test("an arrow says how a rank changed since the layer before", () => {
  const p = code(100, -1);
  const record = madeRecord({
    texts: ["a", "b", "c", "d"], kinds: [0], input: [0],
    top: [[[0, 1, 2]], [[2, 1, 3]]], prob: [[[p, p, p]], [[p, p, p]]],
    tracked: [3], trackedProb: [p, p], trackedRank: [40, 2],
  });
  const changes = (l) => [0, 1, 2, 3].map((i) => rankChange(record, l, 0, i));
  assert.deepEqual(changes(0), ["", "", "", ""]);
  assert.deepEqual(changes(1), ["↓", "", "↑2", "↑38"]); // a fell out of the top 3, d came from #41
});
