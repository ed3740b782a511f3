/**
 * Keys that work everywhere.
 */

/**
 * @param {HTMLElement} _root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountKeyboard(_root, _record, _state) {}
