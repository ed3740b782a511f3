/**
 * Pointer and keys on the picture, and what becomes of the hovered patch when the picture changes
 * under them.
 */
import { ImageHover } from "./hover.js";
import { listenToKeys } from "./keys.js";
import { listenToPointer } from "./pointer.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { ImageView } from "./view.js" */

/**
 * @param {HTMLElement} frame
 * @param {LensPage} record
 * @param {State} state
 * @param {ImageView} view
 */
export function listenToImage(frame, record, state, view) {
  const hover = new ImageHover(frame, record, state, view);
  listenToPointer(hover);
  listenToKeys(hover);
  // zooming moves the patch that the tooltip stands beside
  view.on(() => {
    const position = view.over;
    if (position === null || state.get("hover")?.position !== position) return;
    state.set({ hover: null });
    hover.show(position);
    hover.label(position);
  });
  // what is under a resting pointer changes with layer, view and lens
  state.on(["layer", "view", "lens"], () => {
    if (view.over === null) return;
    if (!hover.set.indexOf.has(view.over)) hover.show(null);
    else if (state.get("hover")?.position === view.over) {
      hover.show(view.over);
      hover.label(view.over);
    } else view.over = null;
  });
}
