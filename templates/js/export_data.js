/**
 * Take away: pinned cells as CSV, the record as JSON.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountExportData(root, record, state) {}
