/**
 * Zoom and pan of the picture: wheel, pinch, drag, double-click.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountImageZoom(root, record, state) {}
