/**
 * Where the grid is scrolled to, as a part of the state: its first row and its first layer. A link
 * brings them back; on opening, before anyone has scrolled, there is nothing to say.
 */
import { sameValue } from "../core/state_values.js";
/** @import { State } from "../core/state.js" */
/** @import { Scroll } from "../core/state_values.js" */
/** @import { GridPane } from "./pane.js" */

export class GridScroll {
  /** What was written into the state from here. @type {Scroll|null} */
  #own = null;
  /** Where it was when it was opened. @type {{left: number, top: number}|null} */
  #home = null;
  #grid;
  #state;

  /** @param {GridPane} grid @param {State} state */
  constructor(grid, state) {
    this.#grid = grid;
    this.#state = state;
    grid.scroller.addEventListener("scroll", () => this.#note(), { passive: true });
    state.on(["scroll"], () => { if (this.#isAsked()) grid.paint(); });
  }

  /** It has been laid out for the first time, and scrolled to its layer. */
  opened() {
    const { scrollLeft: left, scrollTop: top } = this.#grid.scroller;
    this.#home ??= { left, top };
  }

  /** Go where the address says, if it has changed. */
  restore() {
    if (!this.#home || !this.#isAsked()) return;
    const scroll = this.#state.get("scroll");
    this.#own = scroll;
    if (!scroll) return;
    const { geometry, scroller } = this.#grid;
    const [place, column] = [this.#grid.place(scroll.row), geometry.columns().placeOf(scroll.layer)];
    if (place >= 0) scroller.scrollTop = place * geometry.row;
    if (column >= 0) scroller.scrollLeft = column * geometry.width;
  }

  #isAsked() { return !sameValue(this.#state.get("scroll"), this.#own); }

  #note() {
    const { geometry, rows, scroller } = this.#grid;
    // what the address asks for comes first
    if (!this.#home || this.#isAsked() || this.#state.get("paper") || rows.length === 0) return;
    const { scrollLeft: left, scrollTop: top } = scroller;
    const isHome = Math.abs(left - this.#home.left) < 1 && Math.abs(top - this.#home.top) < 1;
    const first = (/** @type {ArrayLike<number>} */ list, /** @type {number} */ n) => list[Math.min(list.length - 1, Math.round(n))];
    this.#own = isHome ? null : { row: first(rows, top / geometry.row), layer: first(geometry.layers, left / geometry.width) };
    this.#state.set({ scroll: this.#own });
  }
}
