/**
 * The toolbar above the picture: view, words, region, how values show and how strongly, zoom.
 */
import { cloneAll, hit, part, thePicture } from "../core/dom.js";
import { LOOKS } from "./looks.js";
import { patchSet, viewChoices } from "./map.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Look } from "../core/state_values.js" */
/** @import { ImageView } from "./view.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 * @param {ImageView} view
 */
export function mountImageTools(root, record, state, view) {
  root.append(cloneAll("image-tools"));
  const mapped = record.placed.length > 0;
  const button = (/** @type {string} */ name) => part(root, `[name=${name}]`, HTMLButtonElement);
  const [choice, look] = ["view", "look"].map((name) => part(root, `[name=${name}]`, HTMLSelectElement));
  const strength = part(root, "[name=strength]", HTMLInputElement);
  for (const name of ["words", "marking", "seen"]) button(name).hidden = !mapped;
  part(root, ".image-strength").hidden = !mapped || !thePicture();
  const choices = mapped ? viewChoices(record) : [];
  part(root, ".image-view").hidden = choices.length < 2;
  choice.append(...choices.map(({ value, label }) => new Option(label, String(value))));
  look.append(...LOOKS.map((one) => new Option(one.name, one.look)));

  const seen = () => {
    const set = patchSet(record, state.get("view"));
    return set.view === 0 && record.meta.crop?.length === 4 ? record.meta.crop : set.extent;
  };
  /** @type {Object<string, () => void>} */
  const actions = {
    words: () => state.set({ words: !state.get("words") }),
    marking: () => view.toggleMarking(),
    in: () => view.zoomBy(1.5),
    out: () => view.zoomBy(1 / 1.5),
    whole: () => view.reset(),
    seen: () => view.show(seen()),
  };
  root.addEventListener("click", (event) => {
    const pressed = hit(event, "button", HTMLButtonElement);
    if (pressed) actions[pressed.name]();
  });
  look.addEventListener("change", () => state.set({ look: /** @type {Look} */ (look.value) }));
  strength.addEventListener("input", () => state.set({ strength: Number(strength.value) }));
  choice.addEventListener("change", () => state.set({ view: Number(choice.value) }));

  function show() {
    button("words").setAttribute("aria-pressed", String(state.get("words")));
    button("marking").setAttribute("aria-pressed", String(view.marking));
    look.value = state.get("look");
    look.title = LOOKS.find((one) => one.look === look.value)?.title ?? "";
    strength.value = String(state.get("strength"));
    button("out").disabled = button("whole").disabled = !view.zoomed();
    button("in").disabled = !view.canZoomIn();
    if (!mapped) return;
    choice.value = String(patchSet(record, state.get("view")).view);
    button("seen").hidden = view.gain(seen()) < 1.1; // nothing to gain
  }
  view.on(show);
  state.on(["view", "look", "strength", "words"], show);
}
