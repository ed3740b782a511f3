/**
 * What a cell says: position, layer, top tokens as bars, entropy, KL, decision layer.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountTooltip(root, record, state) {}

/** Where the tooltip points: the cell, patch or chip that set `hover`. */
let tooltipAnchor = null;

/**
 * Say where on the screen the hovered thing is, before `state.set({hover})`.
 * @param {DOMRect|{left: number, top: number, right: number, bottom: number}} rect client pixels
 */
export function anchorTooltip(rect) {
  tooltipAnchor = rect;
}
