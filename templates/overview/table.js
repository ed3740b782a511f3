/**
 * The table of an index: sorts, searches and draws rows as they are scrolled to. Knows the summaries
 * of summary.py; does not know what is in a report.
 */
import { byId, cloneOne, part } from "../js/core/dom.js";

const ROW_PAGE = 100; // rows that are added at a time

/** @typedef {{name: string, question: string, answer: string, model: string, words: string[],
 *   passed: boolean, width: number, height: number, bytes: number, created: string, link: string,
 *   data: string, thumbnail: string}} Entry */
/** @typedef {{key: string, down: boolean}} Sort by a column, upwards or down */

/** What a column sorts by. @param {Entry} entry @param {string} key @returns {string|number} */
export function sortValue(entry, key) {
  if (key === "pixels") return entry.width * entry.height;
  if (key === "words") return entry.words.join(" ");
  if (key === "passed") return entry.passed ? 1 : 0;
  return entry[/** @type {"name"|"question"|"answer"|"created"} */ (key)];
}

/**
 * The entries that hold every word of the query, in order of a column; ties keep their order.
 * @param {Entry[]} entries
 * @param {string} query
 * @param {Sort} sort
 */
export function chosen(entries, query, sort) {
  const wanted = fold(query).split(/\s+/).filter(Boolean);
  const found = entries.filter((entry) => {
    const text = fold([entry.name, entry.question, entry.answer, entry.model, ...entry.words].join(" "));
    return wanted.every((word) => text.includes(word));
  });
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const sign = sort.down ? -1 : 1;
  return found.sort((a, b) => {
    const x = sortValue(a, sort.key);
    const y = sortValue(b, sort.key);
    return sign * (typeof x === "number" ? x - Number(y) : order.compare(x, String(y)));
  });
}

/** Bytes as a person says them. @param {number} bytes */
export function formatBytes(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Without accents and case. @param {string} text */
export function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

/** @param {Entry} entry */
function fillRow(entry) {
  const row = cloneOne("row");
  const link = (/** @type {string} */ selector) => part(row, selector, HTMLAnchorElement);
  for (const selector of [".thumbnail a", ".name a"]) link(selector).href = entry.link;
  if (entry.thumbnail) part(row, "img", HTMLImageElement).src = entry.thumbnail;
  part(row, ".name a").textContent = entry.name || entry.link;
  part(row, ".model").textContent = entry.model;
  part(row, ".question").textContent = entry.question;
  part(row, ".answer").textContent = entry.answer;
  part(row, ".words").append(...entry.words.map(wordChip));
  part(row, ".check").textContent = entry.passed ? "✓" : "✗ failed";
  part(row, ".check").classList.toggle("failed", !entry.passed);
  part(row, ".pixels").textContent = entry.width ? `${entry.width} × ${entry.height}` : "";
  part(row, ".bytes").textContent = formatBytes(entry.bytes);
  if (entry.data) link(".data").href = entry.data;
  else link(".data").remove();
  part(row, ".created").textContent = entry.created.slice(0, 16).replace("T", " ");
  part(row, ".created").title = entry.created;
  return row;
}

/** @param {string} word */
function wordChip(word) {
  const chip = document.createElement("span");
  chip.className = "word";
  chip.textContent = word;
  return chip;
}

/** What is shown: all rows that match, drawn as far as they were scrolled to. */
export class ReportTable {
  /** @type {Entry[]} */
  #shown = [];
  /** @type {Sort} */
  #sort = { key: "name", down: false };
  #entries;

  /** @param {Entry[]} entries */
  constructor(entries) {
    this.#entries = entries;
    this.body = part(document, "#reports tbody");
    this.search = byId("search", HTMLInputElement);
  }

  /** @param {string} key the same again turns the order round */
  sortBy(key) {
    this.#sort = { key, down: this.#sort.key === key && !this.#sort.down };
    this.draw();
  }

  draw() {
    const [entries, sort] = [this.#entries, this.#sort];
    this.#shown = chosen(entries, this.search.value, sort);
    this.body.replaceChildren();
    this.addRows();
    byId("counts").textContent = countText(entries, this.#shown.length);
    byId("nothing").hidden = this.#shown.length > 0;
    byId("nothing").textContent = entries.length ? "Nothing matches." : "No report yet.";
    for (const head of document.querySelectorAll("th")) {
      if (head.dataset.key !== sort.key) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
    }
  }

  /** The next ones. */
  addRows() {
    const from = this.body.children.length;
    this.body.append(...this.#shown.slice(from, from + ROW_PAGE).map(fillRow));
  }
}

/** @param {Entry[]} entries @param {number} shown */
function countText(entries, shown) {
  const some = shown === entries.length ? "" : `${shown.toLocaleString()} of `;
  const failed = entries.filter((entry) => !entry.passed).length;
  return `${some}${entries.length.toLocaleString()} reports${failed ? `, ${failed} with a failed check` : ""}`;
}
