/**
 * What a click or a key does to the state, said once for every panel. Pure.
 */
import { imageBlocks } from "./image_blocks.js";

const sameCell = (a, b) => a?.layer === b?.layer && a?.position === b?.position;

/** Select a cell and show its layer on the image. */
export function chooseCell(state, cell) {
  state.set({ cell, layer: cell.layer });
}

/** Is this very cell pinned? */
export const isPinned = (state, cell) => state.get("pins").some((pin) => sameCell(pin, cell));

/** Pin a cell, or take its pin out. */
export function togglePin(state, cell) {
  const pins = state.get("pins");
  state.set({ pins: isPinned(state, cell) ? pins.filter((pin) => !sameCell(pin, cell)) : [...pins, cell] });
}

/** Click and Enter: a cell that is not pinned is selected and pinned, a pinned one is let go. */
export function chooseAndPin(state, cell) {
  if (isPinned(state, cell) && !sameCell(state.get("cell"), cell)) {
    chooseCell(state, cell);
    return;
  }
  const release = isPinned(state, cell);
  togglePin(state, cell);
  state.set(release ? { cell: null } : { cell, layer: cell.layer });
}

/** Esc: first the hovered cell, then the selection, then the region, then the tokens. */
export function clearOne(state) {
  for (const [key, empty] of [["hover", null], ["cell", null], ["region", []], ["tokens", []]]) {
    const value = state.get(key);
    if (Array.isArray(value) ? value.length : value) {
      state.set({ [key]: empty });
      return;
    }
  }
}

/** Fold the rows of a view's patches into one, or unfold them. */
export function toggleFold(state, view) {
  const folded = state.get("folded");
  state.set({ folded: folded.includes(view) ? folded.filter((v) => v !== view) : [...folded, view].sort((a, b) => a - b) });
}

/** Are the patches of all views folded? */
export const isAllFolded = (state, record) => imageBlocks(record).every((block) => state.get("folded").includes(block.view));

/** `f`: fold the patches of all views; unfold them when they are. */
export function toggleAllFolds(state, record) {
  const views = [...new Set(imageBlocks(record).map((block) => block.view))].sort((a, b) => a - b);
  state.set({ folded: isAllFolded(state, record) ? [] : views });
}

/** `[` and `]`. */
export function stepLayer(state, record, by) {
  state.set({ layer: Math.max(0, Math.min(record.L - 1, state.get("layer") + by)) });
}

/** The view on which a patch can be seen; a position without a place leaves the first. */
export const viewOf = (record, t) => (record.views.includes(record.view(t)) ? record.view(t) : record.views[0] ?? 0);
