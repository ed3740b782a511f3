/**
 * The grid's toolbar: which rows, which colour, folded, zoomed out.
 */
import { isAllFolded, toggleAllFolds } from "../core/actions.js";
import { formatCount } from "../core/format.js";
import { marksSpaces } from "../core/fragments.js";
import { colourChoices } from "../core/quantity.js";
import { ROW_ORDERS } from "./sort.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { Colour, RowFilter, RowOrder } from "../core/state_values.js" */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountGridControls(root, record, state) {
  const rows = gridSelect(root, "rows", "Rows");
  const order = gridSelect(root, "order", "Order");
  const colour = gridSelect(root, "colour", "Colour");
  const whole = gridButton(root, "wholeWords", "whole words", "Dim the tokens that are only pieces of words");
  const fold = gridButton(root, "folded", "fold", "Fold the image's rows");
  const zoom = gridButton(root, "zoomedOut", "zoom out", "The whole grid as a heat map (z)");
  const filters = rowFilters(record);
  rows.append(...filters.map(({ filter, name }) => new Option(name, filter)));
  order.append(...ROW_ORDERS.filter((one) => one.order !== "entropy" || record.hasEntropy).map((one) => new Option(one.name, one.order)));
  whole.hidden = !marksSpaces(record);
  fold.hidden = record.imagePositions.length === 0;
  fold.title = `Fold ${formatCount(record.imagePositions.length, "patch", "patches")} into ${record.views.length > 1 ? "a row for each view" : "one row"} (f)`;

  rows.addEventListener("change", () => state.set({ rows: /** @type {RowFilter} */ (rows.value) }));
  order.addEventListener("change", () => state.set({ order: /** @type {RowOrder} */ (order.value) }));
  whole.addEventListener("click", () => state.set({ whole: !state.get("whole") }));
  colour.addEventListener("change", () => state.set({ colour: /** @type {Colour} */ (colour.value) }));
  fold.addEventListener("click", () => toggleAllFolds(state, record));
  zoom.addEventListener("click", () => state.set({ zoomedOut: !state.get("zoomedOut") }));

  state.on(["tokens", "colour", "lens"], () => {
    const choices = colourChoices(record, state.get("tokens"));
    colour.replaceChildren(...choices.map((choice) => {
      const option = new Option(choice.enabled ? choice.label : `${choice.label} (${choice.why})`, choice.mode);
      option.disabled = !choice.enabled;
      return option;
    }));
    const wanted = choices.find((choice) => choice.mode === state.get("colour") && choice.enabled);
    colour.value = wanted ? wanted.mode : "prob";
  });
  state.on(["rows", "order", "whole", "folded", "zoomedOut"], () => {
    const filter = state.get("rows");
    rows.value = filters.some((one) => one.filter === filter) ? filter : "all";
    order.value = ROW_ORDERS.some((one) => one.order === state.get("order")) ? state.get("order") : "position";
    order.title = ROW_ORDERS.find((one) => one.order === order.value)?.title ?? "";
    whole.setAttribute("aria-pressed", String(state.get("whole")));
    fold.disabled = filter !== "all";
    fold.setAttribute("aria-pressed", String(isAllFolded(state, record)));
    zoom.setAttribute("aria-pressed", String(state.get("zoomedOut")));
  });
}

/** Those that can have rows. @param {LensPage} record @returns {{filter: RowFilter, name: string}[]} */
function rowFilters(record) {
  return [
    { filter: "all", name: "all rows" },
    ...(record.kinds.includes(0) ? [{ filter: /** @type {RowFilter} */ ("text"), name: "text rows" }] : []),
    ...(record.imagePositions.length ? [{ filter: /** @type {RowFilter} */ ("image"), name: "image rows" }] : []),
    ...(record.answerPositions.length ? [{ filter: /** @type {RowFilter} */ ("answer"), name: "answer rows" }] : []),
    { filter: "pinned", name: "pinned rows" },
    { filter: "matches", name: "matching rows" },
  ];
}

/** @param {HTMLElement} root @param {string} name @param {string} label */
function gridSelect(root, name, label) {
  const select = document.createElement("select");
  select.name = name;
  select.setAttribute("aria-label", label);
  root.append(select);
  return select;
}

/** @param {HTMLElement} root @param {string} name @param {string} text @param {string} title */
function gridButton(root, name, text, title) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", name, title, textContent: text });
  root.append(button);
  return button;
}
