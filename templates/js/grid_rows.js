/**
 * Which rows the grid shows. Pure.
 */
