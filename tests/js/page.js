// Small records and a window for the tests.
import { LensPage } from "../../templates/js/core/record.js";

/** A record of 2 layers × 4 positions × 2 ranks; position 0 text, 1–2 image, 3 answer. */
export function smallRecord(more = {}) {
  const code = (m, e) => 1 + 900 * (e + 62) + m - 100; // m·10^(e−2)
  const half = code(500, -1), tenth = code(100, -1), small = code(123, -7);
  return new LensPage(
    { meta: { image: { width: 20, height: 10 } }, layers: [0, 7], positions: 4, ranks: 2, tokens: 5, tracked: more.tracked ?? [] },
    {
      token_text: ["▁dog", "▁cat", "▁a", "<image>", "</s>"],
      token_id: Int32Array.from([30, 10, 20, 40, 50]),
      input: Uint16Array.from([2, 3, 3, 0]),
      kind: Uint8Array.from([0, 1, 1, 2]),
      box: Float32Array.from([NaN, NaN, NaN, NaN, 0, 0, 10, 10, 10, 0, 20, 10, NaN, NaN, NaN, NaN]),
      patch_view: Int16Array.from([-1, 0, 0, -1]),
      top: Uint16Array.from([0, 1, 1, 2, 0, 2, 4, 0, 0, 2, 0, 1, 0, 1, 4, 1]),
      prob: Uint16Array.from([half, tenth, half, small, half, tenth, tenth, small, half, tenth, half, tenth, half, tenth, half, small]),
      ...more.blocks,
    },
  );
}

/** As small: position 0 in view 0, 1–3 in tile 1, of which 2 ends a line and has no place. */
export const tiledRecord = () => smallRecord({ blocks: {
  kind: Uint8Array.from([1, 1, 1, 1]),
  patch_view: Int16Array.from([0, 1, -1, 1]),
  box: Float32Array.from([0, 0, 20, 10, 0, 0, 5, 10, NaN, NaN, NaN, NaN, 5, 0, 10, 10]),
} });

/** A window whose frames and clock the test moves by hand. */
export function fakeWindow(hash = "") {
  const queue = [];
  const listeners = {};
  const entries = [];
  const page = {
    location: { hash, get href() { return `file:///report.html${page.location.hash}`; } },
    history: {
      pushState(_s, _t, to) { entries.push(["push", to]); page.location.hash = to; },
      replaceState(_s, _t, to) { entries.push(["replace", to]); page.location.hash = to; },
    },
    requestAnimationFrame: (f) => queue.push(f),
    setTimeout: (f) => queue.push(f),
    addEventListener: (name, f) => { listeners[name] = f; },
    entries,
    run() { while (queue.length) queue.shift()(); },
    go(to) { page.location.hash = to; listeners.popstate(); },
  };
  return page;
}
