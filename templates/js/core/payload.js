/**
 * The page's data blocks → arrays → the record. Pure except for `readBlocks` and `readPage`.
 */
import { part } from "./dom.js";
import { inflate } from "./inflate.js";
import { LensPage } from "./record.js";

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int16: Int16Array, int32: Int32Array, float32: Float32Array };

/**
 * Undo the sorting of bytes by significance.
 * @param {Uint8Array} planes
 * @param {keyof typeof ARRAYS} type
 */
export function joinPlanes(planes, type) {
  const width = ARRAYS[type].BYTES_PER_ELEMENT;
  if (width === 1) return planes;
  const count = planes.length / width;
  const joined = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
  // in one go: to come back to every number for its next byte takes three times as long
  if (width === 2) for (let i = 0; i < count; i += 1) joined[i] = planes[i] | planes[i + count] << 8;
  else for (let i = 0; i < count; i += 1) joined[i] = planes[i] | planes[i + count] << 8 | planes[i + 2 * count] << 16 | planes[i + 3 * count] << 24;
  return new ARRAYS[type](joined.buffer);
}

/**
 * Unpack the arrays that a page carries, by name.
 * @param {Document} page
 */
export async function readBlocks(page) {
  /** @type {NodeListOf<HTMLScriptElement>} */
  const scripts = page.querySelectorAll("script[data-name]");
  const blocks = await Promise.all([...scripts].map(async (script) => {
    const { name, type } = script.dataset;
    const bytes = await inflate(script.text);
    script.remove(); // the text of a big block need not stay in memory
    return [name, type === "json" ? JSON.parse(new TextDecoder().decode(bytes)) : joinPlanes(bytes, /** @type {keyof typeof ARRAYS} */ (type))];
  }));
  return Object.fromEntries(blocks);
}

/**
 * Read the data out of a report.
 * @param {Document} page
 * @returns {Promise<LensPage>}
 */
export async function readPage(page) {
  const info = JSON.parse(part(page, "#info", HTMLScriptElement).text);
  return new LensPage(info, await readBlocks(page));
}
