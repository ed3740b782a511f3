/**
 * What a click or a key does to the state, said once for every panel. Pure.
 */
import { imageBlocks } from "./image_blocks.js";
import { placeNumber, placesNow } from "./places.js";
/** @import { Place } from "./places.js" */
/** @import { LensPage } from "./record.js" */
/** @import { State } from "./state.js" */
/** @import { Cell } from "./state_values.js" */

/** @param {Cell|null|undefined} a @param {Cell|null|undefined} b */
const sameCell = (a, b) => a?.layer === b?.layer && a?.position === b?.position;

/** Select a cell and show its layer on the image. @param {State} state @param {Cell} cell */
export function chooseCell(state, cell) {
  state.set({ cell, layer: cell.layer });
}

/** Is this very cell pinned? @param {State} state @param {Cell} cell */
export const isPinned = (state, cell) => state.get("pins").some((pin) => sameCell(pin, cell));

/** Pin a cell, or take its pin out. @param {State} state @param {Cell} cell */
export function togglePin(state, cell) {
  const pins = state.get("pins");
  state.set({ pins: isPinned(state, cell) ? pins.filter((pin) => !sameCell(pin, cell)) : [...pins, cell] });
}

/**
 * Click and Enter: a cell that is not pinned is selected and pinned, a pinned one is let go.
 * @param {State} state
 * @param {Cell} cell
 */
export function chooseAndPin(state, cell) {
  if (isPinned(state, cell) && !sameCell(state.get("cell"), cell)) {
    chooseCell(state, cell);
    return;
  }
  const release = isPinned(state, cell);
  togglePin(state, cell);
  state.set(release ? { cell: null } : { cell, layer: cell.layer });
}

/**
 * Esc: first the hovered cell, then the selection, then the region, then the tokens.
 * @param {State} state
 */
export function clearOne(state) {
  if (state.get("hover")) state.set({ hover: null });
  else if (state.get("word") >= 0) state.set({ word: -1 });
  else if (state.get("cell")) state.set({ cell: null });
  else if (state.get("region").length) state.set({ region: [] });
  else if (state.get("tokens").length) state.set({ tokens: [] });
}

/** Fold the rows of a view's patches into one, or unfold them. @param {State} state @param {number} view */
export function toggleFold(state, view) {
  const folded = state.get("folded");
  state.set({ folded: folded.includes(view) ? folded.filter((v) => v !== view) : [...folded, view].sort((a, b) => a - b) });
}

/** Are the patches of all views folded? @param {State} state @param {LensPage} record */
export const isAllFolded = (state, record) => imageBlocks(record).every((block) => state.get("folded").includes(block.view));

/** `f`: fold the patches of all views; unfold them when they are. @param {State} state @param {LensPage} record */
export function toggleAllFolds(state, record) {
  const views = [...new Set(imageBlocks(record).map((block) => block.view))].sort((a, b) => a - b);
  state.set({ folded: isAllFolded(state, record) ? [] : views });
}

/** `l`: the next lens. @param {State} state @param {LensPage} record */
export function nextLens(state, record) {
  const names = record.lensNames;
  state.set({ lens: names[(names.indexOf(state.get("lens")) + 1) % names.length] });
}

/** `[` and `]`. @param {State} state @param {LensPage} record @param {number} by */
export function stepLayer(state, record, by) {
  state.set({ layer: Math.max(0, Math.min(record.L - 1, state.get("layer") + by)) });
}

/** The view on which a patch can be seen; a position without a place leaves the first. @param {LensPage} record @param {number} t */
export const viewOf = (record, t) => (record.views.includes(record.view(t)) ? record.view(t) : record.views[0] ?? 0);

/** Select the surest patch of a place and show it. @param {State} state @param {LensPage} record @param {Place} place */
export function goToPlace(state, record, { layer, peak }) {
  chooseCell(state, { layer, position: peak });
  state.set({ view: viewOf(record, peak) });
}

/** `n` and `N`: the next place, the one before; the first one when the selection is in none. @param {State} state @param {LensPage} record @param {1|-1} by */
export function stepPlace(state, record, by) {
  const { places } = placesNow(record, state);
  if (!places.length) return;
  const at = placeNumber(places, state);
  goToPlace(state, record, places[at < 0 ? (by < 0 ? places.length - 1 : 0) : (at + by + places.length) % places.length]);
}
