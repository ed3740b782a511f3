/**
 * The theme's colours as a canvas needs them.
 */

/** "rgb(1, 2, 3)" → [1, 2, 3] */
export const rgbOf = (colour) => (colour?.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);

/** The theme's colours as the canvas needs them: resolved. */
export function imageColours(root) {
  const probe = document.createElement("span");
  probe.hidden = true;
  root.append(probe);
  const style = getComputedStyle(probe);
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const names = { surface: "surface", paper: "paper", ink: "ink", inkSoft: "ink-soft", line: "line", lineStrong: "line-strong", accent: "accent", pin: "pin", unknown: "unknown" };
  const colours = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, read(name)]));
  colours.family = style.fontFamily;
  probe.remove();
  return colours;
}
