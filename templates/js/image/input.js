/**
 * Pointer and keys on the patches: hover, select and pin, mark a region. Zoom and pan are in
 * image/zoom.js, which says in `view.dragged` whether a press was a drag.
 */
import { chooseAndPin } from "../core/actions.js";
import { formatProb } from "../core/format.js";
import { anchorTooltip } from "../page/tooltip.js";
import { boxOnStage, patchAt, patchSet, patchToward, patchesIn, pointOnImage } from "./map.js";

/**
 * @param {HTMLElement} frame
 * @param {LensPage} record
 * @param {object} state
 * @param {object} view see image/view.js
 */
export function listenToImage(frame, record, state, view) {
  const active = frame.querySelector(".image-active");
  active.id = "image-active";
  let mark = null; // a rectangle being drawn: {from: point of the original, pointer}
  let corner = -1; // where Shift and arrows began
  let restore = null; // what the first click of a double-click changed

  const setNow = () => patchSet(record, state.get("view"));
  const marks = (event) => event.shiftKey || view.look.marking;

  function pointOf(event) {
    const edge = frame.getBoundingClientRect();
    return pointOnImage(view.map(), [event.clientX - edge.left, event.clientY - edge.top]);
  }

  function positionAt(event) {
    const n = patchAt(setNow(), pointOf(event));
    return n < 0 ? null : setNow().positions[n];
  }

  function anchor(position) {
    const edge = frame.getBoundingClientRect();
    const [left, top, right, bottom] = boxOnStage(view.map(), record.box(position));
    anchorTooltip({ left: left + edge.left, right: right + edge.left, top: top + edge.top, bottom: bottom + edge.top });
  }

  function hover(position) {
    view.over = position;
    if (position === null) {
      if (state.get("hover")) state.set({ hover: null });
      return;
    }
    anchor(position);
    state.set({ hover: { layer: state.get("layer"), position } });
  }

  function toggle(position) {
    const region = state.get("region");
    state.set({ region: region.includes(position) ? region.filter((t) => t !== position) : [...region, position].sort((a, b) => a - b) });
  }

  const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];

  frame.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && marks(event) && record.placed.length) mark = { from: pointOf(event), pointer: event.pointerId };
    if (event.pointerType === "touch" && !mark) hover(positionAt(event));
  });
  frame.addEventListener("pointermove", (event) => {
    if (mark?.pointer === event.pointerId) {
      const box = between(mark.from, pointOf(event));
      if (!view.rubber && Math.max(box[2] - box[0], box[3] - box[1]) * view.map().scale < 4) return;
      if (!view.rubber) frame.setPointerCapture(event.pointerId);
      view.rubber = box;
      hover(null);
      view.changed();
    } else if (!view.panning && event.pointerType !== "touch") {
      hover(positionAt(event));
    } else if (view.panning) hover(null);
  });
  frame.addEventListener("pointerup", (event) => {
    if (mark?.pointer !== event.pointerId) return;
    mark = null;
    if (!view.rubber) return;
    state.set({ region: patchesIn(setNow(), view.rubber) });
    view.rubber = null;
    view.dragged = true;
    view.changed();
  });
  frame.addEventListener("pointercancel", () => {
    mark = null;
    view.rubber = null;
    hover(null);
    view.changed();
  });
  frame.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch" && view.over !== null) hover(null); });
  document.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" && view.over !== null && !frame.contains(event.target)) hover(null);
  });

  frame.addEventListener("click", (event) => {
    if (view.dragged) {
      view.dragged = false;
      return;
    }
    const position = positionAt(event);
    if (position === null) return;
    if (marks(event)) toggle(position);
    else if (event.detail < 2) {
      restore = { cell: state.get("cell"), pins: state.get("pins"), layer: state.get("layer") };
      chooseAndPin(state, { layer: state.get("layer"), position });
    }
  });
  frame.addEventListener("dblclick", (event) => {
    if (marks(event)) return;
    if (restore) state.set(restore); // a double-click zooms, it does not pin
    restore = null;
    const edge = frame.getBoundingClientRect();
    if (view.zoomed()) view.reset();
    else view.zoomToWords([event.clientX - edge.left, event.clientY - edge.top]);
    hover(null);
  });

  /** What a screen reader says of a patch. */
  function describe(position) {
    const l = state.get("layer");
    const { row, column } = record.place(position);
    const tile = record.views.length > 1 && record.view(position) > 0 ? ` of tile ${record.view(position)}` : "";
    const marked = state.get("region").includes(position) ? ", in the region" : "";
    return `patch row ${row} column ${column}${tile}: ${record.text(record.topIndex(l, position, 0))} ${formatProb(record.topProb(l, position, 0))}${marked}`;
  }

  function moveTo(position) {
    view.reveal(record.box(position));
    hover(position);
    label(position);
  }

  function label(position) {
    const [left, top, right, bottom] = boxOnStage(view.map(), record.box(position));
    active.hidden = false;
    active.setAttribute("aria-label", describe(position));
    Object.assign(active.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    frame.setAttribute("aria-activedescendant", active.id);
  }

  /** The patch that the keys are on: where the pointer or the selection is, else the first. */
  function current() {
    const set = setNow();
    for (const position of [view.over, state.get("hover")?.position, state.get("cell")?.position]) {
      if (set.indexOf.has(position)) return set.indexOf.get(position);
    }
    return 0;
  }

  const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || record.placed.length === 0) return;
    const set = setNow();
    const n = current();
    if (Object.hasOwn(ways, event.key)) {
      const next = view.over === null ? n : patchToward(set, n, ways[event.key]);
      if (event.shiftKey) {
        if (corner < 0) corner = n;
        const [a, b] = [record.box(set.positions[corner]), record.box(set.positions[next])];
        const grown = [Math.min(a[0], b[0]) + 0.01, Math.min(a[1], b[1]) + 0.01, Math.max(a[2], b[2]) - 0.01, Math.max(a[3], b[3]) - 0.01];
        state.set({ region: patchesIn(set, grown) });
      } else corner = -1;
      moveTo(set.positions[next]);
    } else if (event.key === "Enter") {
      if (event.shiftKey) toggle(set.positions[n]);
      else chooseAndPin(state, { layer: state.get("layer"), position: set.positions[n] });
      label(set.positions[n]);
    } else return;
    event.preventDefault();
  });
  frame.addEventListener("focus", () => {
    if (frame.matches(":focus-visible") && record.placed.length) moveTo(setNow().positions[current()]);
  });
  frame.addEventListener("blur", () => {
    corner = -1;
    if (view.over !== null) hover(null);
  });
  // zooming moves the patch that the tooltip stands beside
  view.on(() => {
    const position = view.over;
    if (position === null || state.get("hover")?.position !== position) return;
    state.set({ hover: null });
    hover(position);
    label(position);
  });
  // what is under a resting pointer changes with layer and view
  state.on(["layer", "view"], () => {
    if (view.over === null) return;
    if (!setNow().indexOf.has(view.over)) hover(null);
    else if (state.get("hover")?.position === view.over) {
      hover(view.over);
      label(view.over);
    } else view.over = null;
  });
}
