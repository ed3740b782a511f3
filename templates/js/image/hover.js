/**
 * The patch that the pointer or the keys are on: finding it, showing it, naming it. Which event
 * leads there is in image/pointer.js and image/keys.js.
 */
import { chooseAndPin } from "../core/actions.js";
import { part } from "../core/dom.js";
import { formatProb } from "../core/format.js";
import { anchorTooltip } from "../page/tooltip.js";
import { boxOf, boxOnStage, patchAt, patchSet, placeOf, pointOnImage } from "./map.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Point } from "./map.js" */
/** @import { ImageView } from "./view.js" */

export class ImageHover {
  /** @param {HTMLElement} frame @param {LensPage} record @param {State} state @param {ImageView} view */
  constructor(frame, record, state, view) {
    this.frame = frame;
    this.record = record;
    this.state = state;
    this.view = view;
    this.active = part(frame, ".image-active");
    this.active.id = "image-active";
  }

  /** The patches that are shown now. */
  get set() { return patchSet(this.record, this.state.get("view")); }

  /** Where a pointer is on the stage. @param {MouseEvent} event @returns {Point} */
  stagePoint(event) {
    const edge = this.frame.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  }

  /** Where a pointer is on the original. @param {MouseEvent} event */
  pointOf(event) { return pointOnImage(this.view.map(), this.stagePoint(event)); }

  /** The position whose patch is under a pointer, null for none. @param {MouseEvent} event */
  positionAt(event) {
    const n = patchAt(this.set, this.pointOf(event));
    return n < 0 ? null : this.set.positions[n];
  }

  /** Where a patch is on the stage. @param {number} position */
  #box(position) { return boxOnStage(this.view.map(), boxOf(this.record, position)); }

  /** @param {number|null} position */
  show(position) {
    this.view.over = position;
    if (position === null) {
      if (this.state.get("hover")) this.state.set({ hover: null });
      return;
    }
    const edge = this.frame.getBoundingClientRect();
    const [left, top, right, bottom] = this.#box(position);
    anchorTooltip({ left: left + edge.left, right: right + edge.left, top: top + edge.top, bottom: bottom + edge.top }, "beside", edge);
    this.state.set({ hover: { layer: this.state.get("layer"), position } });
  }

  /** Make it the active descendant, with a name for screen readers. @param {number} position */
  label(position) {
    const [left, top, right, bottom] = this.#box(position);
    this.active.hidden = false;
    this.active.setAttribute("aria-label", this.#describe(position));
    Object.assign(this.active.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    this.frame.setAttribute("aria-activedescendant", this.active.id);
  }

  /** Pin it, or let go of it. @param {number} position */
  pin(position) { chooseAndPin(this.state, { layer: this.state.get("layer"), position }); }

  /** Into the region, or out of it. @param {number} position */
  toggle(position) {
    const region = this.state.get("region");
    this.state.set({ region: region.includes(position) ? region.filter((t) => t !== position) : [...region, position].sort((a, b) => a - b) });
  }

  /** What a screen reader says of a patch. @param {number} position */
  #describe(position) {
    const { record, state } = this;
    const l = state.get("layer");
    const { row, column } = placeOf(record, position);
    const tile = record.views.length > 1 && record.view(position) > 0 ? ` of tile ${record.view(position)}` : "";
    const marked = state.get("region").includes(position) ? ", in the region" : "";
    return `patch row ${row} column ${column}${tile}: ${record.text(record.topIndex(l, position, 0))} ${formatProb(record.topProb(l, position, 0))}${marked}`;
  }
}
