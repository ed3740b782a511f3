/**
 * A rectangle of patches and their aggregated top tokens, layer by layer.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountRegion(root, record, state) {}
