/**
 * Find token: type a word or an id, choose spellings; what is chosen is mapped by the other panels.
 * An ARIA 1.2 combobox with a listbox: focus stays in the field.
 */
import { formatCount, formatProb } from "../core/format.js";
import { runSteps } from "../core/work.js";
import { drawFindChips, mountFindBest } from "./chips.js";
import { searchTokens, tokenIndexSteps } from "./token_index.js";

const FIND_ROWS = 60; // options in the DOM
const FIND_OPEN = 6; // with so few words left, their spellings are listed too

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountFindToken(root, record, state) {
  root.append(document.getElementById("find-frame").content.cloneNode(true));
  mountFindBest(root.querySelector(".find-place"), record, state);
  const [input, popup, list, note] = ["input", ".find-popup", "#find-list", ".find-note"].map((name) => root.querySelector(name));
  let index = null; // of all tokens, made when first needed
  let making = null;
  let options = []; // {indices, group|null}
  let active = -1;

  function makeIndex() {
    making ??= runSteps(tokenIndexSteps(record)).then((made) => {
      index = made;
      if (!popup.hidden) fill();
      drawFindChips(root, record, state, index);
    });
  }

  function fill() {
    if (!index) {
      note.textContent = "Counting the tokens …";
      return;
    }
    const groups = searchTokens(record, index.groups, input.value);
    const shown = groups.slice(0, FIND_ROWS);
    options = shown.flatMap((group) => {
      const spellings = group.indices.length > 1 && groups.length <= FIND_OPEN ? group.indices.map((i) => ({ indices: [i], group: null })) : [];
      return [{ indices: group.indices, group }, ...spellings];
    });
    list.replaceChildren(...options.map((option, n) => optionElement(option, n)));
    note.textContent = groups.length === 0 ? `No token among the top ${record.K} of any cell matches.`
      : `${groups.length > shown.length ? `${shown.length} of ${formatCount(groups.length, "word")}` : formatCount(groups.length, "word")}`
        + ` · cells with it in the top ${record.K} · highest probability, and where · Shift+Enter adds to the sum`;
    activate(groups.length && input.value.trim() ? 0 : -1);
  }

  function optionElement(option, n) {
    const item = document.getElementById("find-option").content.firstElementChild.cloneNode(true);
    const [name, count, best, where] = item.children;
    const { group, indices } = option;
    const ids = indices.map((i) => record.id(i));
    item.id = `find-option-${n}`;
    item.dataset.n = n;
    item.classList.toggle("spelling", !group);
    item.setAttribute("aria-selected", String(ids.every((id) => state.get("tokens").includes(id))));
    name.textContent = indices.slice(0, 4).map((i) => record.text(i).replace(/^\s+$/u, "␣")).join("  ") + (indices.length > 4 ? `  +${indices.length - 4}` : "");
    item.title = ids.map((id, k) => `${record.text(indices[k])} (id ${id})`).slice(0, 12).join("\n");
    count.textContent = formatCount(group ? group.count : index.counts[indices[0]], "cell");
    best.textContent = group ? formatProb(group.best) : "";
    where.textContent = group ? `${record.layers[group.layer] === 0 ? "emb." : `L${record.layers[group.layer]}`} · ${record.kind(group.position) === 1 ? "" : "at "}${record.label(group.position).slice(0, 14)}` : `id ${ids[0]}`;
    const tracked = indices.filter((i) => record.slot(i) >= 0).length;
    if (tracked) item.classList.add(tracked === indices.length ? "tracked" : "half-tracked");
    return item;
  }

  function activate(n) {
    list.children[active]?.classList.remove("active");
    active = options.length ? Math.max(-1, Math.min(n, options.length - 1)) : -1;
    const item = list.children[active];
    if (item) {
      item.classList.add("active");
      item.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", item.id);
    } else input.removeAttribute("aria-activedescendant");
  }

  function open() {
    makeIndex();
    popup.hidden = false;
    input.setAttribute("aria-expanded", "true");
    fill();
  }
  function close() {
    popup.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(n, add) {
    const option = options[n];
    if (!option) return;
    const ids = option.indices.map((i) => record.id(i));
    const old = state.get("tokens");
    const all = ids.every((id) => old.includes(id));
    const tokens = add ? (all ? old.filter((id) => !ids.includes(id)) : [...new Set([...old, ...ids])]) : ids;
    input.value = "";
    state.set({ tokens, query: "", colour: state.get("colour") === "rank" ? "rank" : "prob" });
    close();
  }

  input.addEventListener("input", () => {
    state.set({ query: input.value });
    open();
  });
  input.addEventListener("focus", makeIndex);
  input.addEventListener("click", () => { if (popup.hidden) open(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: active + 1, ArrowUp: active < 0 ? options.length - 1 : active - 1, PageDown: active + 10, PageUp: Math.max(0, active - 10) };
    if (Object.hasOwn(moves, event.key)) {
      if (popup.hidden) open();
      else activate(moves[event.key]);
    } else if (event.key === "Enter" && !popup.hidden) choose(Math.max(0, active), event.shiftKey);
    else if (event.key === "Escape" && !popup.hidden) close();
    else if (event.key === "Escape" && input.value) {
      input.value = "";
      state.set({ query: "" });
    } else if (event.key === "Escape") input.blur();
    else if (event.key === "Backspace" && !input.value && state.get("tokens").length) {
      state.set({ tokens: state.get("tokens").slice(0, -1) });
    } else return;
    event.preventDefault();
  });
  // the pointer must not take the focus from the field
  popup.addEventListener("pointerdown", (event) => event.preventDefault());
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) choose(Number(item.dataset.n), event.shiftKey || event.ctrlKey || event.metaKey);
  });
  root.querySelector(".find-chips").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const ids = button.dataset.ids.split(",").map(Number);
    const rest = state.get("tokens").filter((id) => !ids.includes(id));
    state.set({ tokens: button.classList.contains("find-drop") ? rest : [...rest, ...ids] });
    input.focus({ preventScroll: true });
    close();
  });

  state.on(["tokens"], () => {
    if (state.get("tokens").length) makeIndex();
    drawFindChips(root, record, state, index);
  });
  state.on(["query"], () => { if (input.value !== state.get("query")) input.value = state.get("query"); });
}
