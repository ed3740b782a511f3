/**
 * Take away: the figure as PNG and SVG, with legend and provenance.
 */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountExportFigure(root, record, state) {}
