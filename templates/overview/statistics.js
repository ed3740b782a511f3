/**
 * What the reports of a folder say together: charts by layer, the words that patches read as, and
 * the surest patches of one word as a contact sheet. Knows folder_view.py's numbers.
 */
import { byId, cloneOne, hit, part } from "../js/core/dom.js";
import { formatCount } from "../js/core/format.js";
import { LayerChart } from "./charts.js";
import { patchLink } from "./patches.js";
import { bareWord } from "./words.js";
/** @import { FolderStatistics } from "./data.js" */
/** @import { Entry } from "./table.js" */
/** @import { WordOrder } from "./words.js" */

const WORD_PAGE = 60; // rows that are added at a time
const MINIS = 10; // patches that a row shows, where there is room

/**
 * Make the view.
 * @param {HTMLElement} root
 * @param {FolderStatistics} folder
 * @param {Entry[]} entries
 * @param {(word: string) => void} keep writes the word into the address
 * @returns {(word: string) => void} shows a word; "" the one that is read most
 */
export function mountStatistics(root, folder, entries, keep) {
  const { models, quantities } = folder.info;
  byId("no-statistics").hidden = models.length > 0;
  part(root, ".statistics").hidden = models.length === 0;
  writeProblems(folder);
  if (!models.length) return () => {};
  const pane = new StatisticsPane(root, folder, entries, keep);
  const charts = quantities.map((quantity, q) => new LayerChart(part(root, `.chart[data-quantity="${quantity}"]`), q));
  pointTogether(part(root, ".charts"), charts);
  new ResizeObserver(() => charts.forEach((chart) => chart.draw())).observe(part(root, ".charts"));
  const choice = byId("model-choice", HTMLSelectElement);
  choice.append(...models.map(({ name }, m) => new Option(name, String(m))));
  choice.hidden = models.length < 2;
  const show = () => {
    const model = models[Number(choice.value)];
    charts.forEach((chart) => chart.show(model));
    part(root, ".about").textContent = aboutText(folder, Number(choice.value));
    pane.chooseModel(Number(choice.value));
  };
  choice.addEventListener("change", show);
  show();
  return (word) => pane.choose(word);
}

/** @param {FolderStatistics} folder @param {number} m */
function aboutText({ info }, m) {
  const { name, images, patches } = info.models[m];
  const copies = info.copies ? ` ${formatCount(info.copies, "copy", "copies")} of reports counted once.` : "";
  const model = info.models.length > 1 ? "" : `${name}, `; // else the choice beside it names it
  return `${model}${formatCount(images, "image")}, ${formatCount(patches, "patch", "patches")}. Line: the median image. Band: the middle half of the images.${copies}`;
}

/** Reports without numbers, by name. @param {FolderStatistics} folder */
function writeProblems({ info }) {
  const box = byId("uncounted");
  box.hidden = info.uncounted === 0;
  part(box, "summary").textContent = `${formatCount(info.uncounted, "report")} not counted`;
  part(box, "ul").replaceChildren(...info.problems.map(({ name, reason }) => {
    const item = document.createElement("li");
    item.textContent = `${name}: ${reason}`;
    return item;
  }));
}

/** The layer under the pointer, in all charts. @param {HTMLElement} root @param {LayerChart[]} charts */
function pointTogether(root, charts) {
  root.addEventListener("pointermove", (event) => {
    const under = hit(event, ".chart");
    const n = under ? [...root.querySelectorAll(".chart")].indexOf(under) : -1;
    const layer = n < 0 ? null : charts[n].layerAt(event.clientX);
    for (const chart of charts) chart.point(layer);
  });
  root.addEventListener("pointerleave", () => charts.forEach((chart) => chart.point(null)));
}

/** The list of words and the contact sheet of the chosen one. */
class StatisticsPane {
  #folder;
  #entries;
  #keep;
  #model = 0;
  /** @type {WordOrder} */
  #order = "patches";
  /** Words that match. @type {number[]} */
  #found = [];
  #chosen = -1;

  /** @param {HTMLElement} root @param {FolderStatistics} folder @param {Entry[]} entries @param {(word: string) => void} keep */
  constructor(root, folder, entries, keep) {
    this.#folder = folder;
    this.#entries = entries;
    this.#keep = keep;
    this.list = part(root, ".word-list tbody");
    this.sheet = part(root, ".sheet");
    this.search = byId("word-search", HTMLInputElement);
    this.search.addEventListener("input", () => this.#look(true));
    this.list.addEventListener("click", (event) => {
      const row = hit(event, "a") ? null : hit(event, "tr[data-word]");
      if (row) this.#show(Number(row.dataset.word), true);
    });
    part(root, ".word-list thead").addEventListener("click", (event) => {
      const order = hit(event, "th[data-order]")?.dataset.order;
      if (!order) return;
      this.#order = /** @type {WordOrder} */ (order);
      this.#look(false);
    });
    const end = part(root, ".words-end");
    new IntersectionObserver((seen) => seen.some((mark) => mark.isIntersecting) && this.#addRows(), { root: part(root, ".word-list"), rootMargin: "400px" }).observe(end);
  }

  /** @param {number} model */
  chooseModel(model) {
    this.#model = model;
    this.#look(true);
  }

  /** From the address; what is shown already stays. @param {string} word */
  choose(word) {
    if (this.#chosen >= 0 && this.#folder.words.text(this.#chosen) === bareWord(word)) return;
    this.search.value = word;
    this.#look(true);
  }

  /** Find what is typed. @param {boolean} anew whether the best match is shown, not what was chosen */
  #look(anew) {
    this.#found = this.#folder.words.find(this.#model, this.search.value, this.#order);
    this.list.replaceChildren();
    for (const head of document.querySelectorAll("th[data-order]")) {
      const isSorted = head instanceof HTMLElement && head.dataset.order === this.#order;
      if (isSorted) head.setAttribute("aria-sort", this.#order === "layer" || this.#order === "text" ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    this.#addRows();
    if (anew) this.#show(this.#found[0] ?? -1, this.search.value !== "");
    else this.#mark();
  }

  #addRows() {
    const from = this.list.children.length;
    this.list.append(...this.#found.slice(from, from + WORD_PAGE).map((w) => this.#row(w)));
    this.#mark();
  }

  /** @param {number} w */
  #row(w) {
    const { words } = this.#folder;
    const row = cloneOne("word-row");
    row.dataset.word = String(w);
    part(row, ".word-name").textContent = words.text(w);
    part(row, ".patches .number").textContent = words.patches(w).toLocaleString("en");
    part(row, ".bar").style.width = `${(100 * words.patches(w)) / this.#most()}%`;
    part(row, ".images").textContent = words.images(w).toLocaleString("en");
    part(row, ".layer").textContent = words.layer(w).toFixed(1);
    part(row, ".minis span").append(...words.best(w).slice(0, MINIS).map((n) => patchLink(this.#folder, this.#entries, n, "mini")));
    return row;
  }

  /** Patches of the word that is read most. */
  #most() {
    const { word_patches: patches, word_model: models } = this.#folder.words.blocks;
    return patches[models.indexOf(this.#model)] || 1;
  }

  /** @param {number} w −1: none @param {boolean} isAsked whether the address says so */
  #show(w, isAsked) {
    const { words } = this.#folder;
    this.#chosen = w;
    const best = w < 0 ? [] : words.best(w);
    byId("sheet-word").textContent = w < 0 ? this.search.value : words.text(w);
    byId("sheet-about").textContent = w < 0 ? "No patch of these images reads as it." : this.#sentence(w, best.length);
    this.sheet.replaceChildren(...best.map((n) => patchLink(this.#folder, this.#entries, n, "tile")));
    this.sheet.scrollTop = 0;
    this.#mark();
    this.#keep(isAsked && w >= 0 ? words.text(w) : "");
  }

  /** @param {number} w @param {number} shown */
  #sentence(w, shown) {
    const { words } = this.#folder;
    const images = words.images(w);
    const which = images === 1 ? "Its surest patch" : `The surest patch of each${images > shown ? `, ${shown} of them` : ""}`;
    return `${formatCount(words.patches(w), "patch", "patches")} in ${formatCount(images, "image")}, at layer ${words.layer(w).toFixed(1)} on average. ${which}:`;
  }

  #mark() {
    for (const row of this.list.children) {
      const isChosen = row instanceof HTMLElement && Number(row.dataset.word) === this.#chosen;
      row.classList.toggle("chosen", isChosen);
      part(row, ".word-name").setAttribute("aria-pressed", String(isChosen));
    }
  }
}
