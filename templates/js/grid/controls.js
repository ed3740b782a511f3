/**
 * The grid's toolbar: which rows, which colour, folded, zoomed out.
 */
import { isAllFolded, toggleAllFolds } from "../core/actions.js";
import { formatCount } from "../core/format.js";
import { colourChoices } from "../core/quantity.js";
import { ROW_FILTERS } from "./rows.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountGridControls(root, record, state) {
  const rows = gridSelect(root, "rows", "Rows");
  const colour = gridSelect(root, "colour", "Colour");
  const fold = gridButton(root, "folded", "fold", "Fold the image's rows");
  const zoom = gridButton(root, "zoomedOut", "zoom out", "The whole grid as a heat map (z)");

  const available = {
    all: true, text: record.kinds.includes(0), image: record.imagePositions.length > 0,
    answer: record.answerPositions.length > 0, pinned: true, matches: true,
  };
  const names = { all: "all", text: "text", image: "image", answer: "answer", pinned: "pinned", matches: "matching" };
  for (const filter of ROW_FILTERS) if (available[filter]) rows.add(new Option(names[filter], filter));
  fold.hidden = !available.image;
  fold.title = `Fold ${formatCount(record.imagePositions.length, "patch", "patches")} into ${record.views.length > 1 ? "a row for each view" : "one row"} (f)`;

  root.addEventListener("change", (event) => state.set({ [event.target.name]: event.target.value }));
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button === fold) toggleAllFolds(state, record);
    else if (button) state.set({ zoomedOut: !state.get("zoomedOut") });
  });

  state.on(["tokens", "colour"], () => {
    const choices = colourChoices(record, state.get("tokens"));
    colour.replaceChildren(...choices.map((choice) => {
      const option = new Option(choice.enabled ? choice.label : `${choice.label} (${choice.why})`, choice.mode);
      option.disabled = !choice.enabled;
      return option;
    }));
    const wanted = choices.find((choice) => choice.mode === state.get("colour") && choice.enabled);
    colour.value = wanted ? wanted.mode : "prob";
  });
  state.on(["rows", "folded", "zoomedOut"], () => {
    rows.value = available[state.get("rows")] ? state.get("rows") : "all";
    fold.disabled = state.get("rows") !== "all";
    fold.setAttribute("aria-pressed", String(isAllFolded(state, record)));
    zoom.setAttribute("aria-pressed", String(state.get("zoomedOut")));
  });
}

function gridSelect(root, name, label) {
  const wrap = document.createElement("label");
  wrap.className = "field";
  const caption = document.createElement("span");
  caption.className = "soft";
  caption.textContent = label;
  const select = document.createElement("select");
  select.name = name;
  wrap.append(caption, select);
  root.append(wrap);
  return select;
}

function gridButton(root, name, text, title) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", name, title, textContent: text });
  root.append(button);
  return button;
}
