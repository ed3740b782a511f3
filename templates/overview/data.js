/**
 * What an index carries: its reports, and what they say together, unpacked. Does not draw.
 */
import { byId } from "../js/core/dom.js";
import { inflate } from "../js/core/inflate.js";
import { readBlocks } from "../js/core/payload.js";
import { FolderWords } from "./words.js";
/** @import { Entry } from "./table.js" */
/** @import { WordBlocks as Blocks } from "./words.js" */

/**
 * One model's numbers by layer. Codes are decimal codes; a quantity that no image has is empty.
 * @typedef {{name: string, images: number, patches: number, layers: number[], known: number[][], quartiles: number[][][]}} FolderModel
 */

/**
 * @typedef {{quantities: string[], models: FolderModel[], edge: number, copies: number, uncounted: number,
 *   problems: {name: string, reason: string}[]}} FolderInfo see folder_view.py
 */

/** @typedef {{info: FolderInfo, words: FolderWords, crops: (Crop|null)[]}} FolderStatistics */
/** @typedef {[string, number[]]} Crop a picture, and the box in it, in parts of `edge` */

/** @param {HTMLScriptElement} script */
async function unpackJson(script) {
  const bytes = await inflate(script.text);
  script.remove(); // the text of a big block need not stay in memory
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** All reports, in the order in which the statistics count them. @param {Document} page @returns {Promise<Entry[]>} */
export async function readEntries(page) {
  /** @type {NodeListOf<HTMLScriptElement>} */
  const packed = page.querySelectorAll("script.entries");
  /** @type {NodeListOf<HTMLScriptElement>} */
  const shown = page.querySelectorAll("script.pictures");
  const pictures = [...shown].flatMap((script) => JSON.parse(script.text));
  const chunks = await Promise.all([...packed].map(unpackJson));
  return chunks.flat().map((entry, n) => ({ ...entry, thumbnail: pictures[n] }));
}

/** @param {Document} page @returns {Promise<FolderStatistics>} */
export async function readStatistics(page) {
  const json = (/** @type {string} */ id) => JSON.parse(byId(id, HTMLScriptElement).text);
  const blocks = /** @type {Blocks} */ (await readBlocks(page));
  return { info: json("layers"), words: new FolderWords(blocks), crops: json("crops") };
}
