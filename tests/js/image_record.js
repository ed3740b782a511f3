// A record of patches for the tests of the image pane.
import { smallRecord } from "./page.js";

/** A probability as report.py codes it. */
export const code = (p) => {
  if (p === 0) return 0;
  const [digits, exponent] = p.toExponential(2).split("e");
  return 1 + 900 * (Number(exponent) + 62) + Math.round(Number(digits) * 100) - 100;
};

/**
 * Patches of one or more views; position 0 is text.
 * @param {{view: number, box: number[], top: [number, number][]}[]} patches top: (token, p) by rank
 */
export function patchRecord(patches, { width = 100, height = 100, tokens = 6, tracked = [], trackedProb = [] } = {}) {
  const T = patches.length + 1;
  const K = patches[0].top.length;
  const blank = Array.from({ length: K }, (_, r) => [r, 0.1]);
  const cells = [blank, ...patches.map((patch) => patch.top)];
  const record = smallRecord();
  return new record.constructor(
    { meta: { image: { width, height } }, layers: [3], positions: T, ranks: K, tokens, tracked },
    {
      token_text: Array.from({ length: tokens }, (_, i) => `▁t${i}`),
      token_id: Int32Array.from({ length: tokens }, (_, i) => 100 + i),
      input: new Uint16Array(T),
      kind: Uint8Array.from({ length: T }, (_, t) => (t ? 1 : 0)),
      box: Float32Array.from([NaN, NaN, NaN, NaN, ...patches.flatMap((patch) => patch.box)]),
      patch_view: Int16Array.from([-1, ...patches.map((patch) => patch.view)]),
      top: Uint16Array.from(cells.flat().map(([token]) => token)),
      prob: Uint16Array.from(cells.flat().map(([, p]) => code(p))),
      tracked_prob: Uint16Array.from(trackedProb.map(code)),
      tracked_rank: new Int32Array(trackedProb.length),
    },
  );
}

/** Boxes of a grid, row by row. */
export function gridBoxes(rows, columns, [left, top, right, bottom]) {
  const [w, h] = [(right - left) / columns, (bottom - top) / rows];
  return Array.from({ length: rows * columns }, (_, n) => {
    const [row, column] = [Math.floor(n / columns), n % columns];
    return [left + column * w, top + row * h, left + (column + 1) * w, top + (row + 1) * h];
  });
}

/** A view over a region; tokens by patch, row by row. */
export const gridOf = (view, rows, columns, region, tokens = []) => gridBoxes(rows, columns, region)
  .map((box, n) => ({ view, box, top: [[tokens[n] ?? 0, 0.5], [5, 0.25]] }));
