/**
 * The pointer on the picture: hover, pin, mark a region, double-click. Zoom and pan are in
 * image/zoom.js, which says in `view.dragged` whether a press was a drag.
 */
import { patchesIn } from "./map.js";
/** @import { StateValues } from "../core/state_values.js" */
/** @import { ImageHover } from "./hover.js" */
/** @import { Point } from "./map.js" */

/** @param {ImageHover} hover */
export function listenToPointer(hover) {
  const { frame, view } = hover;
  const pointer = new ImagePointer(hover);
  frame.addEventListener("pointerdown", (event) => pointer.press(event));
  frame.addEventListener("pointermove", (event) => pointer.move(event));
  frame.addEventListener("pointerup", (event) => pointer.release(event));
  frame.addEventListener("pointercancel", () => pointer.cancel());
  frame.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch" && view.over !== null) hover.show(null); });
  document.addEventListener("pointerdown", (event) => {
    const elsewhere = event.target instanceof Node && !frame.contains(event.target);
    if (event.pointerType === "touch" && view.over !== null && elsewhere) hover.show(null);
  });
  frame.addEventListener("click", (event) => pointer.click(event));
  frame.addEventListener("dblclick", (event) => pointer.doubleClick(event));
}

class ImagePointer {
  /** A rectangle being drawn. @type {{from: Point, pointer: number}|null} */
  #mark = null;
  /** What the first click of a double-click changed. @type {Pick<StateValues, "cell"|"pins"|"layer">|null} */
  #restore = null;
  #hover;

  /** @param {ImageHover} hover */
  constructor(hover) { this.#hover = hover; }

  /** @param {MouseEvent} event */
  #marks(event) { return event.shiftKey || this.#hover.view.marking; }

  /** @param {PointerEvent} event */
  press(event) {
    const hover = this.#hover;
    if (event.button === 0 && this.#marks(event) && hover.record.placed.length) {
      this.#mark = { from: hover.pointOf(event), pointer: event.pointerId };
    }
    if (event.pointerType === "touch" && !this.#mark) hover.show(hover.positionAt(event));
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { view } = this.#hover;
    if (this.#mark?.pointer === event.pointerId) this.#draw(event, this.#mark.from);
    else if (view.panning) this.#hover.show(null);
    else if (event.pointerType !== "touch") this.#hover.show(this.#hover.positionAt(event));
  }

  /** Draw the rectangle on, once it is larger than a click's. @param {PointerEvent} event @param {Point} from */
  #draw(event, from) {
    const { frame, view } = this.#hover;
    const to = this.#hover.pointOf(event);
    const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
    const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
    if (!view.rubber && Math.max(right - left, bottom - top) * view.map().scale < 4) return;
    if (!view.rubber) frame.setPointerCapture(event.pointerId);
    view.rubber = [left, top, right, bottom];
    this.#hover.show(null);
    view.changed();
  }

  /** @param {PointerEvent} event */
  release(event) {
    const { set, state, view } = this.#hover;
    if (this.#mark?.pointer !== event.pointerId) return;
    this.#mark = null;
    if (!view.rubber) return;
    state.set({ region: patchesIn(set, view.rubber) });
    view.rubber = null;
    view.dragged = true;
    view.changed();
  }

  cancel() {
    this.#mark = null;
    this.#hover.view.rubber = null;
    this.#hover.show(null);
    this.#hover.view.changed();
  }

  /** @param {MouseEvent} event */
  click(event) {
    const { state, view } = this.#hover;
    if (view.dragged) {
      view.dragged = false;
      return;
    }
    const position = this.#hover.positionAt(event);
    if (position === null) return;
    if (this.#marks(event)) this.#hover.toggle(position);
    else if (event.detail < 2) {
      this.#restore = { cell: state.get("cell"), pins: state.get("pins"), layer: state.get("layer") };
      this.#hover.pin(position);
    }
  }

  /** @param {MouseEvent} event */
  doubleClick(event) {
    const { state, view } = this.#hover;
    if (this.#marks(event)) return;
    if (this.#restore) state.set(this.#restore); // a double-click zooms, it does not pin
    this.#restore = null;
    if (view.zoomed()) view.reset();
    else view.zoomToWords(this.#hover.stagePoint(event));
    this.#hover.show(null);
  }
}
