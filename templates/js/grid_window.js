/**
 * What of a huge sheet is visible. Pure.
 */
