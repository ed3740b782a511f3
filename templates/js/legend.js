/**
 * The colour scale with numbers.
 */

/**
 * @param {HTMLElement} _root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountLegend(_root, _record, _state) {}
