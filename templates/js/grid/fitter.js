/**
 * Texts that fit a cell.
 */

/** @typedef {(text: string) => string} Fitter */

/** Shortens texts to a width, in the pen's present font, remembering them. @param {CanvasRenderingContext2D} pen @param {number} width @returns {Fitter} */
export function fitterFor(pen, width) {
  /** @type {Map<string, string>} */
  const known = new Map();
  return (text) => {
    let fitted = known.get(text);
    if (fitted !== undefined) return fitted;
    const letters = [...text].slice(0, 60); // code points, so that no emoji is cut in two
    fitted = letters.join("");
    while (letters.length > 1 && (pen.measureText(fitted).width > width || (letters.length < 60 && fitted.length < text.length && !fitted.endsWith("…")))) {
      letters.pop();
      fitted = `${letters.join("")}…`;
    }
    known.set(text, fitted);
    return fitted;
  };
}
