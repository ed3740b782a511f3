/**
 * Layer slider and play button.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountLayerPlayer(root, record, state) {}
