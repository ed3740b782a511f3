/**
 * The toolbar above the picture: view, words, region, strength of the colours, zoom.
 */
import { cloneAll, hit, part, thePicture } from "../core/dom.js";
import { patchSet, viewChoices } from "./map.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
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
  const [choice, strength] = [part(root, "[name=view]", HTMLSelectElement), part(root, "[name=opacity]", HTMLInputElement)];
  for (const name of ["words", "marking", "seen"]) button(name).hidden = !mapped;
  part(root, ".image-strength").hidden = !mapped || !thePicture();
  const choices = mapped ? viewChoices(record) : [];
  part(root, ".image-view").hidden = choices.length < 2;
  choice.append(...choices.map(({ value, label }) => new Option(label, String(value))));
  strength.value = String(view.look.opacity);

  const seen = () => {
    const set = patchSet(record, state.get("view"));
    return set.view === 0 && record.meta.crop?.length === 4 ? record.meta.crop : set.extent;
  };
  /** @type {Object<string, () => void>} */
  const actions = {
    words: () => view.setLook({ words: !view.look.words }),
    marking: () => view.setLook({ marking: !view.look.marking }),
    in: () => view.zoomBy(1.5),
    out: () => view.zoomBy(1 / 1.5),
    whole: () => view.reset(),
    seen: () => view.show(seen()),
  };
  root.addEventListener("click", (event) => {
    const pressed = hit(event, "button", HTMLButtonElement);
    if (pressed) actions[pressed.name]();
  });
  strength.addEventListener("input", () => view.setLook({ opacity: Number(strength.value) }));
  choice.addEventListener("change", () => state.set({ view: Number(choice.value) }));

  function show() {
    button("words").setAttribute("aria-pressed", String(view.look.words));
    button("marking").setAttribute("aria-pressed", String(view.look.marking));
    button("out").disabled = button("whole").disabled = !view.zoomed();
    button("in").disabled = !view.canZoomIn();
    if (!mapped) return;
    choice.value = String(patchSet(record, state.get("view")).view);
    button("seen").hidden = view.gain(seen()) < 1.1; // nothing to gain
  }
  view.on(show);
  state.on(["view"], show);
}
