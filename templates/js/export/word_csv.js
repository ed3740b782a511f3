/**
 * The maps of the answer's words as CSV, and as the JSON of the record has them. Pure.
 */
import { KINDS, contrastOf, dependsOn, mapsOf, mostByLayer, readsAs, saidWords, writesDirectly } from "../core/word_maps.js";
import { csvText } from "./csv_text.js";
/** @import { LensPage } from "../core/record.js" */

/**
 * A line for every patch: where it lies, and what each map says of it. The lens is read at `layer`.
 * @param {LensPage} record
 * @param {number} number of the word
 * @param {number} layer index
 */
export function wordMapsCsv(record, number, layer) {
  const word = saidWords(record)[number];
  const there = mapsOf(record);
  const against = contrastOf(record, word);
  const maps = {
    reads: there.reads ? readsAs(record, word, layer) : null,
    depends: there.depends ? dependsOn(record, word)?.values ?? null : null,
    writes: there.writes ? writesDirectly(record, word)?.values ?? null : null,
  };
  const head = ["image", "model", "lens", "word", "patch", "position", "patch_row", "patch_column", "layer", "p_lens", "log_p_lost_nats", "logits_written", "against"];
  const lines = record.imagePositions.map((t, n) => {
    const place = record.place(t);
    return [
      record.meta.image?.name ?? "", record.meta.model ?? "", record.lensNames[record.lens], word.text, n, t, place?.row ?? null, place?.column ?? null,
      record.layers[layer], ...KINDS.map((kind) => maps[kind]?.[n] ?? null), against < 0 ? "" : record.text(against),
    ];
  });
  return csvText([head, ...lines]);
}

/** Words, their support, and what the experiments gave; null where the record has none. @param {LensPage} record */
export function wordsJson(record) {
  const words = saidWords(record);
  if (words.length === 0) return null;
  const list = (/** @type {ArrayLike<number>|null|undefined} */ values) => (values ? Array.from(values, (value) => (Number.isNaN(value) ? null : value)) : null);
  return words.map((word) => ({
    text: word.text, tokens: [word.first, word.last], lens_token: record.id(word.index), support: word.support,
    largest_p_by_layer: mostByLayer(record, word),
    log_p_lost: list(dependsOn(record, word)?.values), logits_written: list(writesDirectly(record, word)?.values),
  }));
}
