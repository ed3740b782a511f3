/**
 * The words of a folder and their surest patches, and which of them match what is typed. Pure.
 */
import { DECIMAL } from "../js/core/decimal.js";
/** @import { Entry } from "./table.js" */

/**
 * By word, those that most patches read as first; `word_best` patches follow each other in the
 * arrays of patches. See folder_view.py.
 * @typedef {object} WordBlocks
 * @property {string[]} word_text
 * @property {Uint32Array} word_model
 * @property {Uint32Array} word_patches
 * @property {Uint32Array} word_images
 * @property {Uint32Array} word_layer decimal codes
 * @property {Uint32Array} word_best
 * @property {Uint32Array} patch_report
 * @property {Uint16Array} patch_prob decimal codes
 * @property {Uint16Array} patch_row
 * @property {Uint16Array} patch_layer
 * @property {Uint32Array} patch_position
 * @property {Uint32Array} patch_token
 * @property {Int16Array} patch_view
 * @property {Int16Array} patch_crop
 * @property {Uint8Array} patch_box (patch, side)
 */

/** @typedef {"patches"|"images"|"layer"|"surest"|"text"} WordOrder */

export class FolderWords {
  /** @type {Uint32Array} word → its first patch */
  #first;

  /** @param {WordBlocks} blocks */
  constructor(blocks) {
    this.blocks = blocks;
    this.#first = new Uint32Array(blocks.word_best.length + 1);
    blocks.word_best.forEach((count, w) => { this.#first[w + 1] = this.#first[w] + count; });
  }

  /** @param {number} w */
  text(w) { return this.blocks.word_text[w]; }
  /** How many patches read as it. @param {number} w */
  patches(w) { return this.blocks.word_patches[w]; }
  /** @param {number} w */
  images(w) { return this.blocks.word_images[w]; }
  /** Mean of its patches' layers. @param {number} w */
  layer(w) { return DECIMAL[this.blocks.word_layer[w]]; }
  /** Probability of its surest patch. @param {number} w */
  surest(w) { return DECIMAL[this.blocks.patch_prob[this.#first[w]]]; }
  /** Its surest patches, the surest first: numbers of patches. @param {number} w */
  best(w) { return Array.from({ length: this.#first[w + 1] - this.#first[w] }, (_, n) => this.#first[w] + n); }
  /** @param {number} n */
  prob(n) { return DECIMAL[this.blocks.patch_prob[n]]; }
  /** Left, top, right, bottom. @param {number} n */
  box(n) { return [...this.blocks.patch_box.subarray(4 * n, 4 * n + 4)]; }

  /** The report of a patch, opened at that patch. @param {number} n @param {Entry} entry */
  link(n, entry) {
    const { patch_row: row, patch_position: position, patch_token: token, patch_view: view } = this.blocks;
    const cell = `${row[n]}.${position[n]}`;
    const tile = view[n] < 0 ? "" : `&view=${view[n]}`;
    return `${entry.link}#layer=${row[n]}&cell=${cell}&pins=${cell}&tokens=${token[n]}${tile}`;
  }

  /**
   * The words of a model that match what is typed: the word itself, words that begin with it, words
   * that hold it; each kind in the order asked for.
   * @param {number} model
   * @param {string} query
   * @param {WordOrder} order
   */
  find(model, query, order) {
    const typed = bareWord(query);
    const { word_text: texts, word_model: models } = this.blocks;
    /** @type {number[][]} */
    const kinds = [[], [], []];
    texts.forEach((text, w) => {
      const at = models[w] === model ? text.indexOf(typed) : -1;
      if (at >= 0) kinds[text === typed ? 0 : at === 0 ? 1 : 2].push(w);
    });
    return kinds.flatMap((kind) => this.#sorted(kind, order));
  }

  /** @param {number[]} words @param {WordOrder} order */
  #sorted(words, order) {
    if (order === "text") return words.sort((a, b) => (this.text(a) < this.text(b) ? -1 : 1));
    const sign = order === "layer" ? 1 : -1; // the earliest layer first; most of all else
    return words.sort((a, b) => sign * (this[order](a) - this[order](b)) || a - b);
  }
}

/** As words are spelled here: without the mark of a leading space, without capitals. @param {string} query */
export const bareWord = (query) => query.trim().replace(/^[▁Ġ·]+/u, "").toLowerCase();
