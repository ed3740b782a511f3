/**
 * The theme's colours as a canvas needs them: resolved. Their names are those of theme.css.
 */
/** @import { Rgb } from "./colour.js" */

const THEME = {
  surface: "surface", paper: "paper", ink: "ink", inkSoft: "ink-soft", line: "line", lineStrong: "line-strong", accent: "accent",
  accentInk: "accent-ink", pin: "pin", unknown: "unknown", hatch: "hatch",
};

/** @typedef {Record<keyof typeof THEME, string> & {family: string}} ThemeColours as CSS; family: of fonts */

/** @param {HTMLElement} root @returns {ThemeColours} */
export function themeColours(root) {
  const probe = document.createElement("span");
  probe.hidden = true;
  root.append(probe);
  const style = getComputedStyle(probe);
  const read = (/** @type {string} */ name) => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const colours = Object.fromEntries(Object.entries(THEME).map(([key, name]) => [key, read(name)]));
  const family = style.fontFamily;
  probe.remove();
  return /** @type {ThemeColours} */ ({ ...colours, family });
}

/** "rgb(1, 2, 3)" → [1, 2, 3] @param {string} colour @returns {Rgb} */
export function rgbOf(colour) {
  const [red, green, blue] = (colour.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
  return [red, green, blue];
}
