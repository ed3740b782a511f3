/**
 * One small map of the image per layer; click shows that layer.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountLayerStrip(root, record, state) {}
