/**
 * The picture with patches coloured by the chosen quantity at the chosen layer.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountImagePane(root, record, state) {}
