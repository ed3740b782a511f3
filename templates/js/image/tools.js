/**
 * The toolbar above the picture: view, words, region, strength of the colours, zoom.
 */
import { patchSet, viewChoices } from "./map.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 * @param {object} view see image/view.js
 */
export function mountImageTools(root, record, state, view) {
  root.append(document.getElementById("image-tools").content.cloneNode(true));
  const tool = (name) => root.querySelector(`[name=${name}]`);
  const mapped = record.placed.length > 0;
  for (const name of ["words", "marking", "seen"]) tool(name).hidden = !mapped;
  root.querySelector(".image-strength").hidden = !mapped || !document.getElementById("picture");
  const choices = mapped ? viewChoices(record) : [];
  root.querySelector(".image-view").hidden = choices.length < 2;
  tool("view").append(...choices.map(({ value, label }) => new Option(label, String(value))));
  tool("opacity").value = String(view.look.opacity);

  const seen = () => {
    const set = patchSet(record, state.get("view"));
    return set.view === 0 && record.meta.crop?.length === 4 ? record.meta.crop : set.extent;
  };
  const actions = {
    words: () => view.setLook({ words: !view.look.words }),
    marking: () => view.setLook({ marking: !view.look.marking }),
    in: () => view.zoomBy(1.5),
    out: () => view.zoomBy(1 / 1.5),
    whole: () => view.reset(),
    seen: () => view.show(seen()),
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) actions[button.name]();
  });
  root.addEventListener("input", (event) => {
    if (event.target.name === "opacity") view.setLook({ opacity: Number(event.target.value) });
  });
  root.addEventListener("change", (event) => {
    if (event.target.name === "view") state.set({ view: Number(event.target.value) });
  });

  function show() {
    for (const name of ["words", "marking"]) tool(name).setAttribute("aria-pressed", String(view.look[name]));
    tool("out").disabled = tool("whole").disabled = !view.zoomed();
    tool("in").disabled = !view.canZoomIn();
    if (!mapped) return;
    tool("view").value = String(patchSet(record, state.get("view")).view);
    tool("seen").hidden = view.gain(seen()) < 1.1; // nothing to gain
  }
  view.on(show);
  state.on(["view"], show);
}
