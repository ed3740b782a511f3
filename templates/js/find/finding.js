/**
 * The line above the grid. Of chosen tokens it says from which layer on the patches read as them
 * and leads from place to place; without any it lists what the layer shown is surest of.
 */
import { chooseCell, goToPlace, stepPlace, viewOf } from "../core/actions.js";
import { byId, childrenOf, cloneAll, clonesIn, hit, part, writeToken } from "../core/dom.js";
import { formatCount, formatProb, visibleText } from "../core/format.js";
import { onsetOf, onsetSentence } from "../core/onset.js";
import { placeNumber, placesNow } from "../core/places.js";
import { changeChips, drawFindChips } from "./chips.js";
import { curveLayerAt, drawCurve, markCurve } from "./curve.js";
/** @import { Place, PlacesMade, SurePlace } from "../core/places.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */

const SURE_WIDTH = 92; // pixels that one of the surest needs, about

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountFinding(root, record, state) {
  root.append(cloneAll("finding-frame"));
  const [curve, sure, line] = [".finding-curve", ".finding-sure", ".finding-line"].map((name) => part(root, name));
  const svg = part(curve, "svg", SVGElement);
  /** @type {PlacesMade|null} */
  let made = null;
  state.on(["tokens", "layer", "lens"], () => {
    const now = placesNow(record, state);
    const found = state.get("tokens").length > 0;
    curve.hidden = line.hidden = !found;
    sure.hidden = found;
    if (found && made !== now) {
      drawCurve(svg, record, onsetOf(now.readings?.layers ?? []));
      part(line, ".finding-sentence").textContent = now.readings ? onsetSentence(record, now.readings) : "";
      drawFindChips(root, record, state);
    }
    made = now;
    if (found) markCurve(svg, record, state.get("layer"));
    else listSurest(sure, record, state);
  });
  state.on(["tokens", "layer", "cell", "lens"], () => sayPlace(part(root, ".finding-places"), record, state));
  root.addEventListener("click", (event) => clickFinding(event, record, state));
  curve.addEventListener("click", (event) => state.set({ layer: curveLayerAt(svg, record, event.clientX) }));
  curve.addEventListener("pointermove", (event) => {
    const l = curveLayerAt(svg, record, event.clientX);
    curve.title = readingText(record, made, l);
  });
}

/** @param {LensPage} record @param {PlacesMade|null} made @param {number} l */
function readingText(record, made, l) {
  const reading = made?.readings?.layers[l];
  const ground = made?.readings?.ground;
  if (!reading || !ground) return "";
  return `${record.layerName(l)}: in the top ${record.K} of ${formatCount(reading.count, ground.one, ground.many)}, on top of ${reading.onTop}. Click: show that layer`;
}

/** @param {HTMLElement} sure @param {LensPage} record @param {State} state */
function listSurest(sure, record, state) {
  const places = /** @type {SurePlace[]} */ (placesNow(record, state).places);
  const [title, list] = childrenOf(sure);
  title.textContent = `Surest at ${record.layerName(state.get("layer"))}`;
  const room = Math.max(4, 2 * Math.floor((sure.clientWidth - title.offsetWidth) / SURE_WIDTH));
  /** @type {Map<number, {n: number, count: number}>} its surest place; on top of how many */
  const words = new Map();
  places.forEach(({ index, onTop }, n) => {
    const word = words.get(index);
    if (word) word.count += onTop;
    else words.set(index, { n, count: onTop });
  });
  const shown = [...words.values()].slice(0, room);
  clonesIn(list, "sure-place", shown.length).forEach((button, at) => {
    const { n, count } = shown[at];
    const [token, number] = childrenOf(button);
    button.dataset.n = String(n);
    writeToken(token, record.text(places[n].index));
    number.textContent = `${formatProb(places[n].best)}${count > 1 ? ` ×${count}` : ""}`;
    button.title = `${placeText(record, places[n])}; on top of ${count} in all. Click: go there, and find this token in all layers`;
  });
}

/** @param {LensPage} record @param {Place} place */
function placeText(record, { layer, positions, best, peak }) {
  const many = positions.length > 1 ? `${formatCount(positions.length, record.kind(peak) === 1 ? "patch" : "position", record.kind(peak) === 1 ? "patches" : "positions")}, ` : "";
  return `${many}${visibleText(record.label(peak))} ${formatProb(best)} at ${record.layerName(layer)}`;
}

/** Which place the selection is in, and how to get to the next. @param {HTMLElement} group @param {LensPage} record @param {State} state */
function sayPlace(group, record, state) {
  const { places, readings } = placesNow(record, state);
  const at = placeNumber(places, state);
  group.hidden = places.length === 0 || (!readings && at < 0);
  if (group.hidden) return;
  const place = places[Math.max(0, at)];
  const [title, note] = childrenOf(part(group, ".place-here"));
  const alone = place.positions.length === 1;
  const isPatch = record.kind(place.peak) === 1;
  title.textContent = at < 0 ? formatCount(places.length, "place") : `${alone && isPatch ? "lone patch" : "place"} ${at + 1} of ${places.length}`;
  note.textContent = at < 0 ? `first: ${record.layerName(place.layer)}`
    : `${record.layerName(place.layer)} · ${alone ? visibleText(record.label(place.peak)) : formatCount(place.positions.length, isPatch ? "patch" : "position", isPatch ? "patches" : "positions")}`;
  part(group, ".place-here").title = `${placeText(record, place)}. Click: go there`;
}

/** @param {MouseEvent} event @param {LensPage} record @param {State} state */
function clickFinding(event, record, state) {
  const { places } = placesNow(record, state);
  const sure = hit(event, ".sure-place");
  if (sure) {
    const place = /** @type {SurePlace} */ (places[Number(sure.dataset.n)]);
    state.set({ tokens: [record.id(place.index)] });
    chooseCell(state, { layer: place.layer, position: place.peak });
    state.set({ view: viewOf(record, place.peak) });
  } else if (hit(event, ".place-before")) stepPlace(state, record, -1);
  else if (hit(event, ".place-next")) stepPlace(state, record, 1);
  else if (hit(event, ".place-here")) goToPlace(state, record, places[Math.max(0, placeNumber(places, state))]);
  else if (changeChips(event, state)) byId("find-input").focus({ preventScroll: true }); // the button is gone
}
