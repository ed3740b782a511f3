/**
 * Zoom and pan of the picture: wheel, pinch, drag, keys. Double-click is in image/pointer.js,
 * buttons in image/tools.js, the arithmetic in image/map.js.
 */
import { moveOf, part } from "../core/dom.js";
import { imageView } from "./view.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Point } from "./map.js" */
/** @import { ImageView } from "./view.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountImageZoom(root, record, state) {
  /** @type {HTMLElement|null} */
  const frame = root.querySelector(".image-frame");
  if (!frame) return;
  const zoom = new ImageZoom(frame, imageView(record, state));
  frame.addEventListener("wheel", (event) => zoom.wheel(event), { passive: false });
  frame.addEventListener("pointerdown", (event) => zoom.press(event));
  frame.addEventListener("pointermove", (event) => zoom.move(event));
  // before a click tells, and wherever the pointer is let go
  frame.addEventListener("pointerup", (event) => zoom.release(event));
  frame.addEventListener("pointercancel", (event) => zoom.release(event));
  document.addEventListener("pointerup", (event) => zoom.release(event));
  frame.addEventListener("keydown", (event) => zoom.key(event));
}

class ImageZoom {
  /** Pressed pointers, where they were last. @type {Map<number, Point>} */
  #pointers = new Map();
  /** Where the first of them was pressed. @type {Point} */
  #start = [0, 0];
  #frame;
  #view;

  /** @param {HTMLElement} frame @param {ImageView} view */
  constructor(frame, view) {
    this.#frame = frame;
    this.#view = view;
  }

  /** @param {MouseEvent} event @returns {Point} */
  #pointOf(event) {
    const edge = this.#frame.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    const view = this.#view;
    const scrolls = document.documentElement.scrollHeight > innerHeight + 1;
    const pinch = event.ctrlKey || event.metaKey;
    // a page that scrolls keeps its wheel until the reader zooms on purpose
    if (scrolls && !pinch && !view.zoomed()) return;
    if (event.deltaY > 0 && !view.zoomed()) {
      if (pinch) event.preventDefault();
      return;
    }
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1);
    view.zoomBy(Math.exp(-Math.max(-120, Math.min(120, pixels)) * (pinch ? 0.01 : 0.0025)), this.#pointOf(event));
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.#view.dragged = false;
    const marks = this.#view.marking && this.#pointers.size === 0 && event.isPrimary;
    if (event.button !== 0 || event.shiftKey || marks) return;
    this.#start = this.#pointOf(event);
    this.#pointers.set(event.pointerId, this.#start);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#pointOf(event);
    if (this.#pointers.size > 1) this.#pinch(event.pointerId, before, now);
    else {
      if (!this.#view.panning && !this.#startsPan(event, now)) return;
      this.#view.pan(now[0] - before[0], now[1] - before[1]);
    }
    this.#pointers.set(event.pointerId, now);
  }

  /** Is a pressed pointer far enough for a drag? Then it is one. @param {PointerEvent} event @param {Point} now */
  #startsPan(event, now) {
    if (Math.hypot(now[0] - this.#start[0], now[1] - this.#start[1]) < 4) return false;
    if (event.pointerType === "touch" && !this.#view.zoomed()) return false; // the page scrolls
    this.#view.panning = true;
    this.#frame.setPointerCapture(event.pointerId);
    this.#frame.classList.add("panning");
    return true;
  }

  /** One of two fingers moved. @param {number} pointer @param {Point} before @param {Point} now */
  #pinch(pointer, before, now) {
    const view = this.#view;
    const [other] = [...this.#pointers].filter(([id]) => id !== pointer).map(([, at]) => at);
    const reach = (/** @type {Point} */ a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
    view.panning = true;
    view.zoomBy(reach(now) / reach(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size) return;
    if (this.#view.panning) this.#view.dragged = true;
    this.#view.panning = false;
    this.#frame.classList.remove("panning");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const factor = moveOf(event, { "+": 1.5, "=": 1.5, "-": 1 / 1.5, 0: 0 });
    if (event.ctrlKey || event.metaKey || event.altKey || factor === undefined) return;
    event.preventDefault();
    if (factor === 0) this.#view.reset();
    else this.#view.zoomBy(factor, this.#keysAt());
  }

  /** The middle of the patch that the keys or the pointer are on; undefined for none. @returns {Point|undefined} */
  #keysAt() {
    if (this.#view.over === null) return undefined;
    const { style } = part(this.#frame, ".image-active");
    const [left, top, width, height] = [style.left, style.top, style.width, style.height].map((length) => Number.parseFloat(length) || 0);
    return width ? [left + width / 2, top + height / 2] : undefined;
  }
}
