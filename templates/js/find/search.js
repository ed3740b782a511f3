/**
 * Find token: type a word or an id, choose spellings; what is chosen is mapped by the other panels.
 * An ARIA 1.2 combobox with a listbox: focus stays in the field.
 */
import { goToPlace, stepPlace } from "../core/actions.js";
import { childrenOf, cloneAll, cloneOne, hit, moveOf, part, writeToken } from "../core/dom.js";
import { formatCount, formatProb } from "../core/format.js";
import { placesNow } from "../core/places.js";
import { runSteps } from "../core/work.js";
import { searchTokens, tokenIndexSteps } from "./token_index.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { TokenGroup, TokenIndex } from "./token_index.js" */

const FIND_ROWS = 60; // options in the DOM
const FIND_OPEN = 6; // with so few words left, their spellings are listed too

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountFindToken(root, record, state) {
  root.append(cloneAll("find-frame"));
  const search = new FindSearch(root, record, state);
  search.listen();
  state.on(["query"], () => search.followQuery());
  state.on(["lens"], () => search.followLens());
  // what is chosen stands in its own place; a link must not say what was typed before
  state.on(["tokens"], () => { if (state.get("tokens").length) state.set({ query: "" }); });
}

/** @typedef {{indices: number[], group: TokenGroup|null}} FindOption a word with all its spellings, or (without group) one spelling */

class FindSearch {
  /** Of all tokens through the lens that is shown, made when first needed. @type {TokenIndex|null} */
  #index = null;
  /** The lens that it is made of. @type {LensPage|null} */
  #indexed = null;
  /** @type {FindOption[]} */
  #options = [];
  #active = -1;
  #record;
  #state;

  /** @param {HTMLElement} root @param {LensPage} record @param {State} state */
  constructor(root, record, state) {
    this.#record = record;
    this.#state = state;
    this.input = part(root, "input", HTMLInputElement);
    this.popup = part(root, ".find-popup");
    this.list = part(root, "#find-list");
    this.note = part(root, ".find-note");
  }

  listen() {
    const { input, popup, list } = this;
    input.addEventListener("input", () => {
      this.#state.set({ query: input.value });
      this.#open();
    });
    input.addEventListener("focus", () => this.makeIndex());
    input.addEventListener("click", () => { if (popup.hidden) this.#open(); });
    input.addEventListener("blur", () => this.#close());
    input.addEventListener("keydown", (event) => { if (this.#key(event)) event.preventDefault(); });
    // the pointer must not take the focus from the field
    popup.addEventListener("pointerdown", (event) => event.preventDefault());
    popup.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const item = hit(event, "li");
      if (item) this.#choose(Number(item.dataset.n), event.shiftKey || event.ctrlKey || event.metaKey);
    });
  }

  async makeIndex() {
    const seen = this.#record.through();
    if (this.#indexed === seen) return;
    [this.#indexed, this.#index] = [seen, null];
    const isStale = () => this.#indexed !== seen;
    const index = await runSteps(tokenIndexSteps(seen), isStale);
    if (isStale()) return;
    this.#index = index;
    if (!this.popup.hidden) this.#fill();
  }

  /** An open list is counted again. */
  followLens() {
    if (!this.popup.hidden) this.#open();
  }

  /** The state's query may come from elsewhere. */
  followQuery() {
    const query = this.#state.get("query");
    if (this.input.value !== query) this.input.value = query;
  }

  #open() {
    this.makeIndex();
    this.popup.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#fill();
  }

  #close() {
    this.popup.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** List what matches. */
  #fill() {
    const record = this.#record;
    if (!this.#index) {
      this.note.textContent = "Counting the tokens …";
      return;
    }
    const { counts } = this.#index;
    const groups = searchTokens(record, this.#index.groups, this.input.value);
    const shown = groups.slice(0, FIND_ROWS);
    const open = groups.length <= FIND_OPEN;
    this.#options = shown.flatMap((group) => [{ indices: group.indices, group }, ...(open ? spellingsOf(group) : [])]);
    const tokens = this.#state.get("tokens");
    this.list.replaceChildren(...this.#options.map((option, n) => optionElement(record, option, n, counts, tokens)));
    const words = formatCount(groups.length, "word");
    this.note.textContent = groups.length === 0 ? `No token among the top ${record.K} of any cell matches.`
      : `${groups.length > shown.length ? `${shown.length} of ${words}` : words}`
        + ` · cells with it in the top ${record.K} · highest probability · where most patches read it · Shift+Enter adds to the sum`;
    this.#activate(groups.length && this.input.value.trim() ? 0 : -1);
  }

  /** @param {number} n */
  #activate(n) {
    this.list.children[this.#active]?.classList.remove("active");
    this.#active = this.#options.length ? Math.max(-1, Math.min(n, this.#options.length - 1)) : -1;
    const item = this.list.children[this.#active];
    if (item) {
      item.classList.add("active");
      item.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", item.id);
    } else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} n @param {boolean} add to those that are chosen, or take it from them */
  #choose(n, add) {
    const option = this.#options[n];
    if (!option) return;
    const ids = option.indices.map((i) => this.#record.id(i));
    const old = this.#state.get("tokens");
    const all = ids.every((id) => old.includes(id));
    const tokens = add ? (all ? old.filter((id) => !ids.includes(id)) : [...new Set([...old, ...ids])]) : ids;
    this.input.value = "";
    this.#state.set({ tokens, query: "", colour: this.#state.get("colour") === "rank" ? "rank" : "prob" });
    const [first] = placesNow(this.#record, this.#state).places;
    if (tokens.length && first) goToPlace(this.#state, this.#record, first);
    this.#close();
  }

  /** @param {KeyboardEvent} event @returns {boolean} was it one of ours? */
  #key(event) {
    const [input, state, active] = [this.input, this.#state, this.#active];
    const open = !this.popup.hidden;
    const to = moveOf(event, {
      ArrowDown: active + 1, ArrowUp: active < 0 ? this.#options.length - 1 : active - 1,
      PageDown: active + 10, PageUp: Math.max(0, active - 10),
    });
    if (to !== undefined) {
      if (open) this.#activate(to);
      else this.#open();
    } else if (event.key === "Enter" && open) this.#choose(Math.max(0, active), event.shiftKey);
    else if (event.key === "Enter" && !input.value && state.get("tokens").length) stepPlace(state, this.#record, event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && open) this.#close();
    else if (event.key === "Escape" && input.value) {
      input.value = "";
      state.set({ query: "" });
    } else if (event.key === "Escape") input.blur();
    else if (event.key === "Backspace" && !input.value && state.get("tokens").length) {
      state.set({ tokens: state.get("tokens").slice(0, -1) });
    } else return false;
    return true;
  }
}

/** @param {TokenGroup} group @returns {FindOption[]} where there are several */
const spellingsOf = (group) => (group.indices.length > 1 ? group.indices.map((i) => ({ indices: [i], group: null })) : []);

/**
 * @param {LensPage} record
 * @param {FindOption} option
 * @param {number} n its number in the list
 * @param {Int32Array} counts cells by token
 * @param {number[]} tokens ids that are chosen
 */
function optionElement(record, { group, indices }, n, counts, tokens) {
  const item = cloneOne("find-option");
  const [name, count, best, where] = childrenOf(item);
  const ids = indices.map((i) => record.id(i));
  item.id = `find-option-${n}`;
  item.dataset.n = String(n);
  item.classList.toggle("spelling", !group);
  item.setAttribute("aria-selected", String(ids.every((id) => tokens.includes(id))));
  indices.slice(0, 4).forEach((i, k) => {
    const one = document.createElement("span");
    writeToken(one, record.text(i));
    name.append(...(k ? ["  "] : []), one);
  });
  if (indices.length > 4) name.append(`  +${indices.length - 4}`);
  item.title = ids.map((id, k) => `${record.text(indices[k])} (id ${id})`).slice(0, 12).join("\n");
  count.textContent = formatCount(group ? group.count : counts[indices[0]], "cell");
  best.textContent = group ? formatProb(group.best) : "";
  where.textContent = group ? wherePeaks(record, group) : `id ${ids[0]}`;
  const tracked = indices.filter((i) => record.slot(i) >= 0).length;
  if (tracked) item.classList.add(tracked === indices.length ? "tracked" : "half-tracked");
  return item;
}

/** The layer at which most is read as it, and how many read it there; of a word that no patch reads, the best cell. @param {LensPage} record @param {TokenGroup} group */
function wherePeaks(record, { peak, layer, position }) {
  const name = (/** @type {number} */ l) => (record.layers[l] === 0 ? "emb." : `L${record.layers[l]}`);
  if (peak.count && record.imagePositions.length) return `${name(peak.layer)} · ${formatCount(peak.count, "patch", "patches")}`;
  return `${name(layer)} · at ${record.label(position).slice(0, 14)}`;
}
