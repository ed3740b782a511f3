/**
 * The keys on the picture: from patch to patch, pin, mark a region. Focus stays on the picture; the
 * patch that the keys are on is its active descendant. Keys that zoom are in image/zoom.js.
 */
import { boxOf, patchToward, patchesIn } from "./map.js";
/** @import { ImageHover } from "./hover.js" */
/** @import { Point } from "./map.js" */

/** @type {Object<string, Point>} columns right, rows down */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** @param {ImageHover} hover */
export function listenToKeys(hover) {
  const { frame, record, view } = hover;
  const keys = new ImageKeys(hover);
  frame.addEventListener("keydown", (event) => keys.press(event));
  frame.addEventListener("focus", () => {
    if (frame.matches(":focus-visible") && record.placed.length) keys.moveTo(hover.set.positions[keys.current()]);
  });
  frame.addEventListener("blur", () => {
    keys.corner = -1;
    if (view.over !== null) hover.show(null);
  });
}

class ImageKeys {
  /** Where Shift and arrows began, −1 when they do not mark. */
  corner = -1;
  #hover;

  /** @param {ImageHover} hover */
  constructor(hover) { this.#hover = hover; }

  /** Place of the patch that the keys are on: where the pointer or the selection is, else the first. */
  current() {
    const { set, state, view } = this.#hover;
    for (const position of [view.over, state.get("hover")?.position, state.get("cell")?.position]) {
      const n = set.indexOf.get(position ?? -1);
      if (n !== undefined) return n;
    }
    return 0;
  }

  /** @param {number} position */
  moveTo(position) {
    this.#hover.view.reveal(boxOf(this.#hover.record, position));
    this.#hover.show(position);
    this.#hover.label(position);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { record, set } = this.#hover;
    if (event.ctrlKey || event.metaKey || event.altKey || record.placed.length === 0) return;
    if (Object.hasOwn(WAYS, event.key)) this.#move(WAYS[event.key], event.shiftKey);
    else if (event.key === "Enter") {
      const position = set.positions[this.current()];
      if (event.shiftKey) this.#hover.toggle(position);
      else this.#hover.pin(position);
      this.#hover.label(position);
    } else return;
    event.preventDefault();
  }

  /** @param {Point} way @param {boolean} mark from where Shift was first held to here */
  #move(way, mark) {
    const { set, state, view } = this.#hover;
    const n = this.current();
    const next = view.over === null ? n : patchToward(set, n, way);
    if (!mark) this.corner = -1;
    else {
      if (this.corner < 0) this.corner = n;
      state.set({ region: this.#between(set.positions[this.corner], set.positions[next]) });
    }
    this.moveTo(set.positions[next]);
  }

  /** Positions in the rectangle of which two patches are the corners. @param {number} one @param {number} other */
  #between(one, other) {
    const [a, b] = [boxOf(this.#hover.record, one), boxOf(this.#hover.record, other)];
    const [left, top] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    const [right, bottom] = [Math.max(a[2], b[2]), Math.max(a[3], b[3])];
    return patchesIn(this.#hover.set, [left + 0.01, top + 0.01, right - 0.01, bottom - 0.01]);
  }
}
