/**
 * What the exported figure says and where: caption lines, rectangles, words. Pure.
 */

/**
 * Break text into lines of at most `width` letters, at spaces where there are some.
 * @param {string} text
 * @param {number} width
 * @param {number} most lines
 * @returns {string[]}
 */
export function figureLines(text, width, most = 4) {
  const lines = [];
  let line = "";
  for (const word of text.split(/\s+/u).filter(Boolean)) {
    let rest = [...word];
    if (line && [...line].length + 1 + rest.length > width) { lines.push(line); line = ""; }
    while (rest.length > width) { lines.push(rest.slice(0, width).join("")); rest = rest.slice(width); }
    line = line ? `${line} ${rest.join("")}` : rest.join("");
  }
  if (line) lines.push(line);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `${[...lines[most - 1]].slice(0, width - 2).join("")} …`];
}

/** XML 1.0 cannot write some characters, and some turn the text around them: a replacement stands for them. */
export const xmlText = (text) => text.replace(/[\0-\x08\x0B\x0C\x0E-\x1F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]|\p{Surrogate}/gu, "\uFFFD");

/** A word cut to what fits, in letters. */
export const cutWord = (text, letters) => ([...text].length <= letters ? text : letters < 2 ? "" : `${[...text].slice(0, letters - 1).join("")}…`);

/**
 * Caption of the figure, with all that is needed to make it again.
 * @param {LensPage} record
 * @param {{layer: number, view: number, title: string, verdict: string}} what
 * @returns {string[]} sentences
 */
export function figureCaption(record, { layer, view, title, verdict }) {
  const { meta } = record;
  const check = { passed: "self-check passed", failed: "SELF-CHECK FAILED: not to be trusted", unknown: "no self-check" }[verdict];
  const tile = record.views.length > 1 ? `, ${view === 0 ? "whole image" : `tile ${view}`}` : "";
  return [
    `${title || "Top token"} at ${record.layerName(layer)} of ${record.layers.at(-1)}, per patch${tile}.`,
    `${meta.lens === "logit" || !meta.lens ? "Logit" : meta.lens} lens of ${meta.model}${meta.revision ? ` (revision ${meta.revision})` : ""}; image ${meta.image?.name || "–"}; ${meta.dtype || "–"}; ${check}; recorded ${String(meta.created ?? "").slice(0, 10) || "–"}.`,
    `Prompt: ${meta.prompt}`,
  ];
}

/**
 * Patches of a view as drawn: where, how strong, which word.
 * @param {LensPage} record
 * @param {{shade: (l: number, t: number) => number}} quantity
 * @param {{layer: number, view: number, scale: number}} what scale: pixels of the figure per pixel of the image
 * @returns {{t: number, x: number, y: number, width: number, height: number, shade: number, word: string}[]}
 */
export function figurePatches(record, quantity, { layer, view, scale }) {
  return record.placed.filter((t) => record.view(t) === view).map((t) => {
    const [left, top, right, bottom] = record.box(t);
    const [width, height] = [(right - left) * scale, (bottom - top) * scale];
    const size = Math.min(13, height * 0.4, width * 0.26);
    return {
      t, x: left * scale, y: top * scale, width, height, shade: quantity.shade(layer, t), size,
      word: size < 5 ? "" : cutWord(record.text(record.topIndex(layer, t, 0)).replace(/^[▁Ġ]/u, ""), Math.floor((width - 3) / (size * 0.61))),
    };
  });
}
