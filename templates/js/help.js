/**
 * What can be done here, and the keys for it.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountHelp(root, record, state) {}
