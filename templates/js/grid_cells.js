/**
 * Pooled cells.
 */
