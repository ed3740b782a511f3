/**
 * The whole grid as a heat map.
 */
