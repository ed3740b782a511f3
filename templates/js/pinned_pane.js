/**
 * Trajectories of the pinned cells' tokens over the layers.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountPinnedPane(root, record, state) {}
