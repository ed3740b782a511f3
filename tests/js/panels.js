// A record out of plain lists, for the tests of search, answer, charts and take-away.
import { LensPage } from "../../templates/js/core/record.js";
export { smallRecord } from "./page.js";

/** Decimal code of m·10^(e−2), 100 ≤ m ≤ 999. */
export const code = (m, e) => 1 + 900 * (e + 62) + m - 100;

/**
 * A record out of plain lists.
 * @param {{texts: string[], kinds: number[], input: number[], top: number[][][], prob: number[][][], tracked?: number[], trackedProb?: number[], trackedRank?: number[]}} what
 *   top, prob: (layer, position, rank); prob as [m, e] pairs flattened to codes
 */
export function madeRecord({ texts, kinds, input, top, prob, tracked = [], trackedProb, trackedRank, meta = {} }) {
  const [layers, positions, ranks] = [top.length, kinds.length, top[0][0].length];
  return new LensPage(
    { meta: { image: { name: "a.png", width: 100, height: 100 }, model: "m", ...meta }, layers: top.map((_, l) => l), positions, ranks, tokens: texts.length, tracked },
    {
      token_text: texts, token_id: Int32Array.from(texts, (_, i) => 100 + i),
      input: Uint16Array.from(input), kind: Uint8Array.from(kinds),
      box: Float32Array.from(kinds.flatMap((kind, t) => (kind === 1 ? [10 * t, 0, 10 * t + 10, 10] : [NaN, NaN, NaN, NaN]))),
      patch_view: Int16Array.from(kinds, (kind) => (kind === 1 ? 0 : -1)),
      top: Uint16Array.from(top.flat(2)), prob: Uint16Array.from(prob.flat(2)),
      ...(trackedProb ? { tracked_prob: Uint16Array.from(trackedProb), tracked_rank: Int32Array.from(trackedRank) } : {}),
    },
  );
}
