/**
 * Colour scales. Pure: the same numbers serve CSS, canvas, SVG and the tests.
 * Built in OKLCH with lightness that only ever falls (light theme) or rises (dark theme), so that
 * they order the same for every kind of colour vision and in grey print.
 */

// lightness, chroma, hue at the stops of the scale: from the page's own surface to a strong colour on
// which the theme's ink can still be read, so that the ink of cells never changes
const STOPS = {
  light: [[0.985, 0.005, 220], [0.925, 0.045, 205], [0.855, 0.085, 208], [0.775, 0.115, 232], [0.7, 0.14, 258], [0.635, 0.17, 282]],
  dark: [[0.235, 0.012, 265], [0.3, 0.055, 275], [0.37, 0.09, 268], [0.435, 0.112, 260], [0.498, 0.122, 250], [0.55, 0.118, 238]],
};

/** @typedef {[number, number, number]} Rgb sRGB 0..255 */

/**
 * Clipped to the gamut.
 * @param {number} lightness
 * @param {number} chroma
 * @param {number} hue degrees
 * @returns {Rgb}
 */
function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    srgb(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** @param {number} linear */
function srgb(linear) {
  const x = Math.max(0, Math.min(1, linear));
  return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
}

/** @param {number[][]} stops */
function ramp(stops) {
  return Array.from({ length: 256 }, (_, n) => {
    const at = (n / 255) * (stops.length - 1);
    const from = Math.min(Math.floor(at), stops.length - 2);
    const mix = at - from;
    const [lightness, chroma, hue] = [0, 1, 2].map((k) => stops[from][k] * (1 - mix) + stops[from + 1][k] * mix);
    return oklch(lightness, chroma, hue);
  });
}

const RAMPS = { light: ramp(STOPS.light), dark: ramp(STOPS.dark) };

/** Relative luminance as WCAG defines it. @param {Rgb} rgb */
export function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((v) => (v <= 10.314 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

/** @param {number} a @param {number} b */
const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

/** Contrast ratio of two colours, 1..21. @param {Rgb} a @param {Rgb} b */
export const contrast = (a, b) => ratio(luminance(a), luminance(b));

/** @param {Rgb} rgb */
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const FILLS = { light: RAMPS.light.map(css), dark: RAMPS.dark.map(css) };
const INK = { light: css([12, 16, 22]), dark: css([255, 255, 255]) };

/** @param {number} shade */
const step = (shade) => Math.max(0, Math.min(255, Math.round(shade * 255)));

/** @param {number} shade 0..1 @param {boolean} dark @returns {Rgb} */
export const shadeRgb = (shade, dark) => RAMPS[dark ? "dark" : "light"][step(shade)];
/** The shade as CSS. @param {number} shade @param {boolean} dark */
export const shadeFill = (shade, dark) => FILLS[dark ? "dark" : "light"][step(shade)];
/** Text that can be read on every shade: contrast at least 4.5. @param {boolean} dark */
export const shadeInk = (dark) => INK[dark ? "dark" : "light"];

/** A colour as canvas keeps it in memory. @param {Rgb} rgb @param {number} alpha 0..1 */
export const rgbaWord = (rgb, alpha) => ((Math.round(255 * alpha) << 24) | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0;

/** Lines of charts: any two can be told apart, also without the red or the green cones (the test measures it). */
export const LINES = {
  light: ["#0072b2", "#d55e00", "#009966", "#aa1155", "#a477ff", "#0b5510", "#661199", "#8a8f98"],
  dark: ["#4aa3e0", "#f0a03c", "#1c9c74", "#f2a6d4", "#f5ee7a", "#8a6cf0", "#d9534a", "#d5dae0"],
};
