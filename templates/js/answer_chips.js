/**
 * One chip per answer token: select its position, map it over the image.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountAnswerChips(root, record, state) {}
