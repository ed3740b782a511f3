import test from "node:test";
import assert from "node:assert/strict";
import { code, madeRecord, smallRecord } from "./panels.js";
import { csvField, pinnedCsv, recordJsonSteps, trajectoriesCsv } from "../../templates/js/export/csv_json.js";
import { figureCaption, figureFrame, figureLines, figurePatches, figurePins, figureSource, figureWords, xmlText } from "../../templates/js/export/figure_model.js";
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

test("words on a figure are whole where there is room, and cover neither each other nor a pin", () => {
  const record = smallRecord();
  const measure = (text) => 9 * text.length;
  const words = (scale, pins) => {
    const place = { box: [0, 0, 20, 10], scale };
    return figureWords(record, { layer: 1, view: 0, place, size: 17, pins: figurePins(record, pins, { view: 0, place }) }, measure);
  };
  assert.deepEqual(words(10, []).map((word) => word.text), [1, 2].map((t) => pictureWord(record.text(record.topIndex(1, t, 0)))));
  const few = words(4, []);
  assert.ok(few.length > 0);
  assert.equal(words(4, [{ layer: 0, position: 1 }, { layer: 0, position: 2 }]).length, 0);
});

test("a caption names the address of an image that has one, else its name", () => {
  const record = smallRecord();
  record.meta.image = { width: 20, height: 10, name: "dog.png" };
  assert.match(figureSource(record, "passed")[0], /; image dog\.png;/);
  record.meta.image.source = "https://example.org/dog.png?…";
  assert.match(figureSource(record, "passed")[0], /; image https:\/\/example\.org\/dog\.png\?…;/);
});
