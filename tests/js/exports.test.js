import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord, smallRecord } from "./panels.js";
import { pinnedCsv, recordJsonSteps, trajectoriesCsv } from "../../templates/js/export/csv_json.js";
import { csvField } from "../../templates/js/export/csv_text.js";
import { badgeSpots, figureCaption, figureFrame, figureLines, figurePatches, figureSource, figureWords, xmlText } from "../../templates/js/export/figure_model.js";
import { pictureWord } from "../../templates/js/image/words.js";

/** A strict reader of CSV. */
function readCsv(text) {
  const rows = [[]];
  const field = /("(?:[^"]|"")*"|[^,\r\n"]*)(,|\r\n|$)/gy;
  for (let match; field.lastIndex < text.length && (match = field.exec(text));) {
    rows.at(-1).push(match[1].startsWith('"') ? match[1].slice(1, -1).replaceAll('""', '"') : match[1]);
    if (match[2] === "\r\n") rows.push([]);
  }
  return rows.filter((row) => row.length);
}

test("no field can be a formula", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1"]) {
    const written = csvField(text);
    assert.match(written, /^"?'/, JSON.stringify(text));
    assert.equal(readCsv(written)[0][0], `'${text}`);
  }
  assert.equal(csvField(-1.5), "-1.5");
  assert.equal(csvField(NaN), "");
  assert.equal(csvField('a"b'), '"a""b"');
  assert.equal(csvField("a,b"), '"a,b"');
  assert.equal(csvField("plain"), "plain");
});

test("pinned cells carry ids, ranks from 1 and the page's own numbers", () => {
  const record = smallRecord();
  const [head, ...rows] = readCsv(pinnedCsv(record, [{ layer: 1, position: 3 }]).slice(1));
  const get = (row, name) => row[head.indexOf(name)];
  assert.equal(rows.length, 2);
  rows.forEach((row, r) => {
    assert.equal(get(row, "layer"), "7");
    assert.equal(get(row, "rank"), String(r + 1));
    assert.equal(Number(get(row, "token_id")), record.id(record.topIndex(1, 3, r)));
    assert.equal(Number(get(row, "probability")), record.topProb(1, 3, r));
    assert.equal(row.length, head.length);
  });
});

test("trajectories leave a probability empty where only its bound is known", () => {
  const record = smallRecord();
  const [head, ...rows] = readCsv(trajectoriesCsv(record, [{ layer: 0, position: 1 }], [30]).slice(1));
  const unknown = rows.filter((row) => row[head.indexOf("probability")] === "");
  assert.ok(unknown.length > 0);
  for (const row of unknown) assert.ok(Number(row[head.indexOf("at_most")]) > 0);
});

test("the JSON is the whole record, NaN is null", () => {
  const half = code(500, -1), tenth = code(100, -1);
  const record = madeRecord({
    texts: ["</script>", '"', "\ud800"], kinds: [0, 1], input: [2, 1], meta: { prompt: "</script>", bad: null },
    top: [[[0, 1], [1, 2]], [[2, 0], [1, 0]]], prob: [[[half, tenth], [half, 65535]], [[half, 0], [half, tenth]]],
    tracked: [1], trackedProb: [half, tenth, half, tenth], trackedRank: [0, 1, 2, 3],
  });
  const steps = recordJsonSteps(record);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const made = JSON.parse(step.value.join(""));
  assert.deepEqual(made.top_ids, [[[100, 101], [101, 102]], [[102, 100], [101, 100]]]);
  assert.deepEqual(made.top_probs, [[[0.5, 0.1], [0.5, null]], [[0.5, 0], [0.5, 0.1]]]);
  assert.deepEqual(made.tracked_ranks, [[[0], [1]], [[2], [3]]]);
  assert.deepEqual(made.input_ids, [102, 101]);
  assert.deepEqual(made.token_text, record.texts);
  assert.deepEqual(made.patch_boxes, [[null, null, null, null], [10, 0, 20, 10]]);
  assert.equal(made.entropy, null);
  assert.match(made.note, /3 significant digits/);
});

test("captions break into lines that fit, whatever the words", () => {
  for (const text of ["a b c", "x".repeat(500), "", "  ", "👩‍👩‍👧 ".repeat(40)]) {
    const lines = figureLines(text, 20, 4);
    assert.ok(lines.length <= 4);
    for (const line of lines) assert.ok([...line].length <= 20);
  }
  assert.deepEqual(figureLines("one two three", 8), ["one two", "three"]);
});

test("text for XML holds nothing that XML cannot say", () => {
  assert.equal(xmlText("a\0b\u0007c\ud800d"), "a\uFFFDb\uFFFDc\uFFFDd");
  assert.equal(xmlText("👩‍👧 <b>"), "👩‍👧 <b>");
});

test("a failed check is written into the figure", () => {
  const record = smallRecord();
  const what = { layer: 1, view: 0, title: "t", verdict: "failed" };
  assert.match(figureCaption(record, what).join(" "), /SELF-CHECK FAILED/);
  const patches = figurePatches(record, { shade: () => 0.5 }, { layer: 1, view: 0, place: { box: [0, 0, 20, 10], scale: 8 } });
  assert.deepEqual(patches.map(({ t, x, width }) => [t, x, width]), [[1, 0, 80], [2, 80, 80]]);
});

test("a figure shows what the model saw, and says so", () => {
  const record = smallRecord();
  const say = () => figureCaption(record, { layer: 1, view: 0, title: "t", verdict: "passed", pins: [{ number: 1, position: 2 }] });
  assert.deepEqual(figureFrame(record, 0), { box: [0, 0, 20, 10], cropped: false });
  assert.doesNotMatch(say()[0], /cropped/);
  record.meta.crop = [5, 0, 15, 10];
  assert.deepEqual(figureFrame(record, 0), { box: [5, 0, 15, 10], cropped: true });
  assert.match(say()[0], /cropped to what the model saw\.$/);
  assert.match(say()[1], /^Pinned 1: patch 1\.$/);
  const [first] = figurePatches(record, { shade: () => 0 }, { layer: 0, view: 0, place: { box: [5, 0, 15, 10], scale: 2 } });
  assert.equal(first.x, -10);
});

test("words on a figure are those of the page, whole where there is room", () => {
  const record = smallRecord();
  const measure = (text) => 9 * text.length;
  const words = (scale) => figureWords(record, { layer: 1, view: 0, place: { box: [0, 0, 20, 10], scale }, only: [] }, measure).words;
  for (const scale of [10, 30]) {
    assert.deepEqual(words(scale).map((word) => word.text), [1, 2].map((t) => pictureWord(record.text(record.topIndex(1, t, 0)))));
  }
  assert.deepEqual(figureWords(record, { layer: 1, view: 0, place: { box: [0, 0, 20, 10], scale: 10 }, only: [] }, measure).contours, []);
});

test("the number of a pin covers neither a word nor another number", () => {
  const room = { width: 300, height: 300 };
  const pin = (number, x, y) => ({ number, position: number, x, y, width: 12, height: 12 });
  const pins = [pin(1, 100, 100), pin(2, 112, 100), pin(3, 0, 0), pin(4, 288, 288), pin(10, 100, 112)];
  const words = [{ text: "tower", x: 100, y: 100, wide: 40 }, { text: "sky", x: 280, y: 275, wide: 30 }];
  const badges = badgeSpots(pins, words, room);
  const boxes = [...badges, ...words.map(({ x, y, wide }) => ({ x: x - wide / 2, y: y - 7, width: wide, height: 14 }))];
  badges.forEach((a, n) => {
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= 300 && a.y + a.height <= 300);
    boxes.forEach((b, m) => assert.ok(n === m || a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height, `${n} ${m}`));
    const [far, wide] = [Math.hypot(a.x + a.width / 2 - pins[n].x - 6, a.y + a.height / 2 - pins[n].y - 6), 40];
    assert.ok(far < wide, "and stands by its patch");
  });
});

test("a caption names the address of an image that has one, else its name", () => {
  const record = smallRecord();
  record.meta.image = { width: 20, height: 10, name: "dog.png" };
  assert.match(figureSource(record, "passed")[0], /; image dog\.png;/);
  record.meta.image.source = "https://example.org/dog.png?…";
  assert.match(figureSource(record, "passed")[0], /; image https:\/\/example\.org\/dog\.png\?…;/);
});
