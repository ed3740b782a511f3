/**
 * For every answer word: best patch, best layer, probability and rank there.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountAnswerTable(root, record, state) {}
