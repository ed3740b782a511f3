/**
 * Which rows the grid shows. Pure: knows positions, not pixels.
 * A row is a position t ≥ 0, or a band −(t + 1) that heads the image block starting at t.
 */

export const ROW_FILTERS = ["all", "text", "image", "answer", "pinned", "matches"];

/** Does a row head an image block? */
export const isBand = (row) => row < 0;
/** First position of the block that a band heads. */
export const bandStart = (row) => -row - 1;

/**
 * @param {LensPage} record
 * @param {{rows: string, collapsed: boolean, pins: {position: number}[], matches: Uint8Array}} view
 * @returns {Int32Array}
 */
export function gridRows(record, view) {
  const pinned = new Set(view.pins.map((pin) => pin.position));
  const keep = {
    all: () => true,
    text: (t) => record.kind(t) === 0,
    image: (t) => record.kind(t) === 1,
    answer: (t) => record.kind(t) === 2,
    pinned: (t) => pinned.has(t),
    matches: (t) => view.matches[t] === 1,
  }[view.rows];
  const rows = [];
  for (let t = 0; t < record.T; t += 1) {
    const startsBlock = record.kind(t) === 1 && (t === 0 || record.kind(t - 1) !== 1);
    if (startsBlock && view.rows === "all" && blockLength(record, t) > 1) rows.push(-t - 1);
    const folded = view.collapsed && view.rows === "all" && record.kind(t) === 1;
    if (folded ? pinned.has(t) : keep(t)) rows.push(t);
  }
  return Int32Array.from(rows);
}

/** How many image positions follow one another from t on. */
export function blockLength(record, t) {
  let end = t;
  while (end < record.T && record.kind(end) === 1) end += 1;
  return end - t;
}

/**
 * Positions at which a chosen token is among the top k at any layer; without chosen tokens, those
 * at which a token that contains the query is.
 * @param {LensPage} record
 * @param {number[]} indices rows of the token table
 * @param {string} query
 * @returns {Uint8Array} (position)
 */
export function matchingPositions(record, indices, query) {
  const found = new Uint8Array(record.T);
  const wanted = new Uint8Array(record.tokenCount);
  const text = query.trim().toLowerCase();
  for (const i of indices) wanted[i] = 1;
  if (indices.length === 0 && text) {
    record.texts.forEach((token, i) => { if (token.toLowerCase().includes(text)) wanted[i] = 1; });
  }
  const { top } = record.blocks;
  for (let l = 0, from = 0; l < record.L; l += 1) {
    for (let t = 0; t < record.T; t += 1, from += record.K) {
      for (let r = 0; r < record.K && !found[t]; r += 1) found[t] = wanted[top[from + r]];
    }
  }
  return found;
}
