/**
 * The layer × position grid.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountGridPane(root, record, state) {}
