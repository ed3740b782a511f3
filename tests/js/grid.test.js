import test from "node:test";
import assert from "node:assert/strict";
import { smallRecord, tiledRecord } from "./page.js";
import { imageBlocks } from "../../templates/js/core/image_blocks.js";
import { fittingStep, plainSpan, spannedLayers } from "../../templates/js/core/span.js";
import { mapShades } from "../../templates/js/grid/map.js";
import { bandBlock, bandText, gridRows, matchingPositions } from "../../templates/js/grid/rows.js";
import { inOrder } from "../../templates/js/grid/sort.js";
import { gridColumns, moveCursor, rowHeight, scrollToShow, visibleRange } from "../../templates/js/grid/window.js";

const view = (more) => ({ rows: "all", folded: [], pins: [], matches: new Uint8Array(4), ...more });

test("an image block is headed by a band and folds into it, pinned patches stay", () => {
  const record = smallRecord();
  assert.deepEqual([...gridRows(record, view())], [0, -2, 1, 2, 3]);
  assert.deepEqual([...gridRows(record, view({ folded: [0] }))], [0, -2, 3]);
  assert.deepEqual([...gridRows(record, view({ folded: [0], pins: [{ layer: 0, position: 2 }] }))], [0, -2, 2, 3]);
});

test("every view has a block of its own; what has no place belongs to the view before it", () => {
  const record = tiledRecord();
  assert.deepEqual(imageBlocks(record), [{ start: 0, end: 1, view: 0, patches: 1 }, { start: 1, end: 4, view: 1, patches: 2 }]);
  assert.deepEqual([...gridRows(record, view())], [0, -2, 1, 2, 3]); // one patch needs no band
  assert.deepEqual([...gridRows(record, view({ folded: [0, 1] }))], [0, -2]);
  assert.equal(bandText(record, bandBlock(record, -2)), "tile 1, 2 patches");
  assert.equal(bandText(smallRecord(), imageBlocks(smallRecord())[0]), "2 patches");
});

test("patches without a place are one block", () => {
  const record = smallRecord({ blocks: { patch_view: Int16Array.from([-1, -1, -1, -1]), box: new Float32Array(16).fill(NaN) } });
  assert.deepEqual(imageBlocks(record), [{ start: 1, end: 3, view: 0, patches: 2 }]);
  assert.deepEqual([...gridRows(record, view({ folded: [0] }))], [0, -2, 3]);
});

test("row filters", () => {
  const record = smallRecord();
  const rows = (filter, more) => [...gridRows(record, view({ rows: filter, ...more }))];
  assert.deepEqual(rows("text"), [0]);
  assert.deepEqual(rows("image"), [1, 2]);
  assert.deepEqual(rows("answer"), [3]);
  assert.deepEqual(rows("pinned", { pins: [{ layer: 0, position: 3 }] }), [3]);
  assert.deepEqual(rows("matches", { matches: matchingPositions(record, [1], "") }), [0, 1, 2, 3]);
  assert.deepEqual(rows("matches", { matches: matchingPositions(record, [2], "") }), [0, 1, 2]);
  assert.deepEqual(rows("matches", { matches: matchingPositions(record, [], "/S") }), [3]);
  assert.deepEqual(rows("matches"), []);
});

test("the visible range covers the viewport and never leaves the sheet", () => {
  for (let scroll = 0; scroll < 2400; scroll += 7) {
    const [from, to] = visibleRange(scroll, 300, 24, 100);
    assert.ok(from >= 0 && to <= 100);
    assert.ok(from <= scroll / 24 && to >= Math.min(100, (scroll + 300) / 24));
    assert.ok(to - from <= 14);
  }
  assert.deepEqual(visibleRange(0, 300, 24, 3), [0, 3]);
  assert.deepEqual(visibleRange(0, 300, 24, 0), [0, 0]);
});

const all = (count) => Array.from({ length: count }, (_, l) => l);

test("the last column stays at the edge where not all fit, apart, and the others pass beneath it", () => {
  const columns = gridColumns(700, all(33), 100); // 10 columns of 68, a gap, 2 pixels over
  assert.deepEqual([columns.width, columns.keeps, columns.room, columns.gap, columns.most], [68, true, 612, 20, 23 * 68]);
  assert.deepEqual(columns.shown, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 32]);
  assert.deepEqual([columns.x(1), columns.x(10), columns.x(32)], [-32, 580, 632]);
  assert.deepEqual([columns.under(9), columns.under(10), columns.under(12), columns.under(32)], [0, 36, 172, 0]);
  for (const l of [1, 5, 9, 32]) assert.equal(columns.at(columns.x(l) + 33), l);
  assert.deepEqual([columns.at(611), columns.at(612), columns.at(631), columns.at(632)], [10, Infinity, Infinity, 32]);
});

test("no column is cut at either end of the scroll, in a room of any width", () => {
  for (let room = 280; room < 1900; room += 37) {
    for (const end of [false, true]) {
      const start = gridColumns(room, all(33), 0);
      const columns = gridColumns(room, all(33), end ? start.most : 0);
      const moving = columns.shown.filter((l) => l !== 32);
      if (!columns.keeps) continue;
      for (const l of moving) assert.ok(columns.x(l) >= 0 && columns.under(l) === 0, `${room} ${l}`);
      if (end) assert.equal(moving.at(-1), 31);
      assert.equal(columns.x(32) + columns.width, room);
      assert.ok(columns.width >= 68 && columns.gap >= 18);
    }
  }
});

test("no column is kept where all fit, nor where one is a third of the room; those that fit fill it", () => {
  for (const [room, layers] of [[680, 10], [683, 3], [200, 33], [300, 1]]) {
    const columns = gridColumns(room, all(layers), 0);
    assert.equal(columns.keeps, false);
    assert.deepEqual([columns.room, columns.under(0), columns.gap], [room, 0, 0]);
    assert.equal(columns.at(columns.x(layers - 1) + 5), layers - 1);
    if (columns.most === 0) assert.equal(columns.x(layers - 1) + columns.wide(layers - 1), room);
    if (columns.most === 0) assert.equal(columns.at(room - 1), layers - 1);
  }
});

test("a span of layers has columns side by side", () => {
  const columns = gridColumns(700, [0, 8, 16, 24, 32], 0);
  assert.deepEqual([8, 9, 32].map((l) => columns.placeOf(l)), [1, -1, 4]);
  assert.equal(columns.x(16), 2 * columns.width);
  assert.equal(columns.at(2 * columns.width + 1), 16);
});

test("rows are as high as lets whole ones fill the room", () => {
  for (let room = 100; room < 900; room += 7) {
    const row = rowHeight(room, 500);
    const visible = room / row;
    assert.ok(Math.abs(visible - Math.round(visible)) < 1e-9 && row >= 24 && row < 30);
  }
  assert.equal(rowHeight(500, 3), 24);
});

test("a span keeps its end and the last layer, and its step can be such that all fit", () => {
  assert.deepEqual(spannedLayers(null, 4), [0, 1, 2, 3]);
  assert.deepEqual(spannedLayers({ from: 1, to: 8, step: 3 }, 12), [2, 5, 8, 11]);
  assert.deepEqual(spannedLayers({ from: 0, to: 32, step: 4 }, 33), [0, 4, 8, 12, 16, 20, 24, 28, 32]);
  for (const fit of [3, 5, 10, 40]) {
    const step = fittingStep({ from: 0, to: 32, step: 1 }, 33, fit);
    assert.ok(spannedLayers({ from: 0, to: 32, step }, 33).length <= fit);
    if (step > 1) assert.ok(spannedLayers({ from: 0, to: 32, step: step - 1 }, 33).length > fit);
  }
  assert.equal(plainSpan({ from: 0, to: 32, step: 1 }, 33), null);
});

test("patches are sorted within their block, text stays in its order", () => {
  const record = smallRecord(); // position 0 text, 1 and 2 patches, 3 answer
  const rows = Int32Array.from([0, -2, 1, 2, 3]);
  const sure = inOrder(record, rows, "surest", 1);
  assert.deepEqual([sure[0], sure[1], sure[4]], [0, -2, 3]);
  assert.deepEqual([...inOrder(record, rows, "position", 1)], [...rows]);
  const alone = Int32Array.from([0, 3]);
  const byP = [...inOrder(record, alone, "surest", 0)];
  assert.ok(record.topProb(0, byP[0], 0) >= record.topProb(0, byP[1], 0));
});

test("scrolling to an item moves no more than needed", () => {
  assert.equal(scrollToShow(100, 50, 10, 12), 100);
  assert.equal(scrollToShow(100, 50, 10, 3), 30);
  assert.equal(scrollToShow(100, 50, 10, 20), 160);
  assert.equal(scrollToShow(100, 50, 10, 20, 10), 170);
  assert.equal(scrollToShow(100, 50, 10, 0, 10), 0);
  assert.equal(scrollToShow(100, 50, 10, 12, 1000), 100);
});

test("keys move the cursor and stop at the edges", () => {
  const grid = { rows: 10, columns: 5, page: 4 };
  const at = { row: 2, column: 2 };
  assert.deepEqual(moveCursor("ArrowUp", false, at, grid), { row: 1, column: 2 });
  assert.deepEqual(moveCursor("PageUp", false, at, grid), { row: 0, column: 2 });
  assert.deepEqual(moveCursor("End", false, at, grid), { row: 2, column: 4 });
  assert.deepEqual(moveCursor("End", true, at, grid), { row: 9, column: 4 });
  assert.deepEqual(moveCursor("ArrowRight", true, at, grid), { row: 2, column: 4 });
  assert.equal(moveCursor("x", false, at, grid), null);
});

test("the heat map shows every row, or the strongest of those that share a line", () => {
  const shade = (l, t) => (t === 3 ? 0.9 : 0.1);
  assert.deepEqual([...mapShades(Int32Array.from([0, 3]), 4, 1, shade)].map((x) => x.toFixed(1)), ["0.1", "0.1", "0.9", "0.9"]);
  assert.deepEqual([...mapShades(Int32Array.from([0, 1, 2, 3]), 2, 1, shade)].map((x) => x.toFixed(1)), ["0.1", "0.9"]);
});
