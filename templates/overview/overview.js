// The index of a folder of reports: sorts, searches and draws rows as they are scrolled to. Knows
// the summaries of summary.py; does not know what is in a report.

const PAGE = 100; // rows that are added at a time

/** @typedef {{name: string, question: string, answer: string, model: string, words: string[],
 *   passed: boolean, width: number, height: number, bytes: number, created: string, link: string,
 *   data: string, thumbnail: string}} Entry */

/** What a column sorts by. */
export function sortValue(/** @type {Entry} */ entry, /** @type {string} */ key) {
  if (key === "pixels") return entry.width * entry.height;
  if (key === "words") return entry.words.join(" ");
  if (key === "passed") return entry.passed ? 1 : 0;
  return entry[key];
}

/** The entries that hold every word of the query, in order of a column; ties keep their order. */
export function chosen(/** @type {Entry[]} */ entries, /** @type {string} */ query, sort) {
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
    return sign * (typeof x === "number" ? x - y : order.compare(x, y));
  });
}

/** Bytes as a person says them. */
export function formatBytes(/** @type {number} */ bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Without accents and case. */
function fold(/** @type {string} */ text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function fillRow(/** @type {Entry} */ entry) {
  const row = document.querySelector("#row").content.firstElementChild.cloneNode(true);
  const part = (selector) => row.querySelector(selector);
  for (const link of row.querySelectorAll(".thumbnail a, .name a")) link.href = entry.link;
  if (entry.thumbnail) part("img").src = entry.thumbnail;
  part(".name a").textContent = entry.name || entry.link;
  part(".model").textContent = entry.model;
  part(".question").textContent = entry.question;
  part(".answer").textContent = entry.answer;
  for (const word of entry.words) {
    const chip = document.createElement("span");
    chip.className = "word";
    chip.textContent = word;
    part(".words").append(chip);
  }
  part(".check").textContent = entry.passed ? "✓" : "✗ failed";
  part(".check").classList.toggle("failed", !entry.passed);
  part(".pixels").textContent = entry.width ? `${entry.width} × ${entry.height}` : "";
  part(".bytes").textContent = formatBytes(entry.bytes);
  if (entry.data) part(".data").href = entry.data;
  else part(".data").remove();
  part(".created").textContent = entry.created.slice(0, 16).replace("T", " ");
  part(".created").title = entry.created;
  return row;
}

function start() {
  const entries = JSON.parse(document.querySelector("#entries").textContent);
  const body = document.querySelector("#reports tbody");
  const search = document.querySelector("#search");
  const nothing = document.querySelector("#nothing");
  const sort = { key: "name", down: false };
  let shown = [];

  const addRows = () => {
    const from = body.children.length;
    body.append(...shown.slice(from, from + PAGE).map(fillRow));
  };
  const draw = () => {
    shown = chosen(entries, search.value, sort);
    body.replaceChildren();
    addRows();
    const some = shown.length === entries.length ? "" : `${shown.length.toLocaleString()} of `;
    const failed = entries.filter((entry) => !entry.passed).length;
    document.querySelector("#counts").textContent =
      `${some}${entries.length.toLocaleString()} reports${failed ? `, ${failed} with a failed check` : ""}`;
    nothing.hidden = shown.length > 0;
    nothing.textContent = entries.length ? "Nothing matches." : "No report yet.";
    for (const head of document.querySelectorAll("th[data-key]")) {
      if (head.dataset.key !== sort.key) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
    }
  };

  document.querySelector("#reports thead").addEventListener("click", (event) => {
    const key = event.target.closest("th[data-key]")?.dataset.key;
    if (!key) return;
    sort.down = sort.key === key && !sort.down;
    sort.key = key;
    draw();
  });
  search.addEventListener("input", draw);
  new IntersectionObserver((seen) => seen.some((mark) => mark.isIntersecting) && addRows(), {
    rootMargin: "800px",
  }).observe(document.querySelector("#end"));
  const turn = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  document.querySelector("#theme-button").addEventListener("click", turn);
  document.addEventListener("keydown", (event) => {
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "t") turn();
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
    }
  });
  document.querySelector("#reports").hidden = false;
  draw();
}

if (typeof document !== "undefined") start();
