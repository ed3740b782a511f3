/**
 * Type to find any token of the report; choose one or several to map.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountFindToken(root, record, state) {}
