/**
 * The self-check and the provenance of every number.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountValidity(root, record, state) {}
