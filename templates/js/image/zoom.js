/**
 * Zoom and pan of the picture: wheel, pinch, drag, keys. Double-click is in image/input.js,
 * buttons in image/tools.js, the arithmetic in image/map.js.
 */
import { imageView } from "./view.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountImageZoom(root, record, state) {
  const frame = root.querySelector(".image-frame");
  if (!frame) return;
  const view = imageView(record, state);
  /** @type {Map<number, [number, number]>} pressed pointers, where they were last */
  const pointers = new Map();
  let start = null;

  const pointOf = (event) => {
    const edge = frame.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };

  frame.addEventListener("wheel", (event) => {
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
    view.zoomBy(Math.exp(-Math.max(-120, Math.min(120, pixels)) * (pinch ? 0.01 : 0.0025)), pointOf(event));
  }, { passive: false });

  frame.addEventListener("pointerdown", (event) => {
    view.dragged = false;
    if (event.button !== 0 || event.shiftKey || (view.look.marking && pointers.size === 0 && event.isPrimary)) return;
    pointers.set(event.pointerId, pointOf(event));
    start = pointOf(event);
  });

  frame.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = pointOf(event);
    if (pointers.size === 1) {
      if (!view.panning && Math.hypot(now[0] - start[0], now[1] - start[1]) < 4) return;
      if (!view.panning) {
        if (event.pointerType === "touch" && !view.zoomed()) return; // the page scrolls
        view.panning = true;
        frame.setPointerCapture(event.pointerId);
        frame.classList.add("panning");
      }
      view.pan(now[0] - before[0], now[1] - before[1]);
    } else {
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const reach = (a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
      view.panning = true;
      view.zoomBy(reach(now) / reach(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
      view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    }
    pointers.set(event.pointerId, now);
  });

  function release(event) {
    if (!pointers.delete(event.pointerId) || pointers.size) return;
    if (view.panning) view.dragged = true;
    view.panning = false;
    frame.classList.remove("panning");
  }
  // before a click tells, and wherever the pointer is let go
  frame.addEventListener("pointerup", release);
  frame.addEventListener("pointercancel", release);
  document.addEventListener("pointerup", release);

  const keys = { "+": () => view.zoomBy(1.5), "=": () => view.zoomBy(1.5), "-": () => view.zoomBy(1 / 1.5), 0: () => view.reset() };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    const active = frame.querySelector(".image-active");
    if (event.key !== "0" && view.over !== null) {
      const [left, top, width, height] = ["left", "top", "width", "height"].map((name) => Number.parseFloat(active.style[name]) || 0);
      if (width) return void view.zoomBy(event.key === "-" ? 1 / 1.5 : 1.5, [left + width / 2, top + height / 2]);
    }
    keys[event.key]();
  });
}
