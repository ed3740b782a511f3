/**
 * Every distinct token with its count, best probability and variants. Pure.
 */
