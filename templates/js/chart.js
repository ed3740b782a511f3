/**
 * Line charts on SVG: axes, lines, readable legends. Knows no record.
 */
