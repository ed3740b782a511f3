/**
 * How a patch shows its value on the picture. The picture comes first: where the value is high it
 * stays as it is, where it is low it fades (`fade`); or a dot in the middle of the patch grows
 * (`dots`); or the patch takes on the colour of the scale (`colour`). Pure: canvas and exported
 * figure draw what this says.
 */
import { shadeRgb } from "../core/colour.js";
/** @import { Rgb } from "../core/colour.js" */
/** @import { Look } from "../core/state_values.js" */

/** says: what the picture shows, in a few words. @type {{look: Look, name: string, title: string, says: string}[]} */
export const LOOKS = [
  { look: "fade", name: "fade", title: "The picture is clear where the value is high and fades where it is low", says: "clear is much, faded little" },
  { look: "dots", name: "dots", title: "A dot on every patch: the higher the value, the larger", says: "the larger the dot, the more" },
  { look: "colour", name: "colour", title: "The colours of the scale lie over the picture", says: "" },
];

/**
 * @typedef {object} PictureLook
 * @property {Look} look
 * @property {number} strength 0..1, as the reader wants it
 * @property {boolean} found chosen tokens are shown: where they are is the question, so the rest of
 *   the picture steps back further
 * @property {boolean} dark
 * @property {Rgb} paper what the picture fades to
 * @property {Rgb} unknown ground of what is only known to be below p_k
 */

/**
 * @typedef {object} PatchMark
 * @property {Rgb} rgb
 * @property {number} alpha
 * @property {number} dot diameter of a dot, as a part of the patch; 0: the whole patch is painted
 * @property {boolean} hatched it is only known to be below p_k
 */

/** Contours of regions, on any picture: line and halo. */
export const CONTOUR = { ink: { rgb: "12 16 22", alpha: 0.85 }, halo: { rgb: "255 255 255", alpha: 0.45 } };

const DOT = 0.8; // of a patch

/** How strongly the picture fades where the value is lowest. @param {number} strength @param {boolean} found */
export const fadeMost = (strength, found) => 1 - (1 - strength) ** (found ? 2.4 : 1.75);

/**
 * @param {number} shade 0..1, −1 below p_k
 * @param {PictureLook} look
 * @returns {PatchMark}
 */
export function patchMark(shade, { look, strength, found, dark, paper, unknown }) {
  const hatched = shade < 0;
  const value = Math.max(0, shade);
  // little is seen of a small share of clarity or area: the root brings it out
  if (look === "fade") return { rgb: paper, alpha: fadeMost(strength, found) * (1 - Math.sqrt(value)), dot: 0, hatched };
  if (look === "colour") return { rgb: hatched ? unknown : shadeRgb(value, dark), alpha: strength ** (found ? 0.5 : 0.8), dot: 0, hatched };
  return { rgb: shadeRgb(value, dark), alpha: hatched ? 0 : Math.min(1, 2 * strength), dot: DOT * Math.sqrt(value), hatched };
}

/** How opaque the lines of the hatching are: most patches have them, and they must not hide the picture. @param {number} strength */
export const hatchAlpha = (strength) => 0.2 * Math.min(1, 2 * strength);
