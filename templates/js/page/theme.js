/**
 * Which colours the page wears, on the screen and on paper.
 */
import { byId } from "../core/dom.js";
/** @import { State } from "../core/state.js" */

/** Light or dark, and on paper: always light, at sizes that fit it, drawn before the browser looks. @param {State} state */
export function followTheme(state) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = state.get("paper") ? "light" : state.get("theme");
    document.documentElement.dataset.theme = theme;
    state.set({ dark: theme === "dark" || (theme === "auto" && system.matches) });
  };
  system.addEventListener("change", apply);
  const print = (/** @type {boolean} */ paper) => {
    document.documentElement.toggleAttribute("data-paper", paper);
    state.set({ paper, hover: null });
    apply();
    state.drawNow();
  };
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
  state.on(["theme"], apply);
  apply();
  byId("theme-button").addEventListener("click", () => {
    state.set({ theme: state.get("dark") ? "light" : "dark" });
  });
}
