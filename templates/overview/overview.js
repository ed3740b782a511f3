/**
 * The index of a folder of reports: two views, of the reports and of what they say together. Knows
 * which view is shown, and the address that says so; does not know what is in a view.
 */
import { byId, hit, part } from "../js/core/dom.js";
import { readEntries, readStatistics } from "./data.js";
import { mountStatistics } from "./statistics.js";
import { ReportTable } from "./table.js";
/** @import { Entry } from "./table.js" */

/** Light becomes dark, dark light. */
function turnTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

/** What the address says: `#view=statistics&word=boat`. */
const address = () => new URLSearchParams(location.hash.slice(1));

/** @param {Object<string, string>} values without what is empty */
function writeAddress(values) {
  const parts = Object.entries(values).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(parts)}`);
}

/** Shows one of the two views; the statistics are unpacked when they are first looked at. */
class Views {
  /** @type {Promise<(word: string) => void>|null} */
  #statistics = null;
  #entries;

  /** @param {Entry[]} entries */
  constructor(entries) {
    this.#entries = entries;
  }

  /** As the address says. */
  async show() {
    const isStatistics = address().get("view") === "statistics";
    document.documentElement.dataset.view = isStatistics ? "statistics" : "reports";
    for (const tab of ["reports", "statistics"]) byId(`${tab}-tab`).setAttribute("aria-selected", String((tab === "statistics") === isStatistics));
    byId("reports-view").hidden = isStatistics;
    byId("statistics-view").hidden = !isStatistics;
    byId("search").hidden = isStatistics;
    if (!isStatistics) return;
    const word = address().get("word") ?? ""; // before the view writes its own
    const keep = (/** @type {string} */ shown) => writeAddress({ view: "statistics", word: shown });
    this.#statistics ??= readStatistics(document).then((folder) => mountStatistics(byId("statistics-view"), folder, this.#entries, keep));
    (await this.#statistics)(word);
  }

  /** @param {string} view */
  choose(view) {
    writeAddress({ view: view === "statistics" ? view : "" });
    this.show();
  }
}

async function start() {
  const entries = await readEntries(document);
  const table = new ReportTable(entries);
  const views = new Views(entries);
  const { search } = table;
  part(document, "#reports thead").addEventListener("click", (event) => {
    const key = hit(event, "th[data-key]")?.dataset.key;
    if (key) table.sortBy(key);
  });
  search.addEventListener("input", () => table.draw());
  new IntersectionObserver((seen) => seen.some((mark) => mark.isIntersecting) && table.addRows(), {
    rootMargin: "800px",
  }).observe(byId("end"));
  byId("theme-button").addEventListener("click", turnTheme);
  for (const view of ["reports", "statistics"]) byId(`${view}-tab`).addEventListener("click", () => views.choose(view));
  window.addEventListener("hashchange", () => views.show());
  document.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "t") turnTheme();
    if (event.key === "/") {
      event.preventDefault();
      (search.hidden ? byId("word-search") : search).focus();
    }
  });
  byId("reports").hidden = false;
  table.draw();
  await views.show();
  performance.mark("index-ready");
}

start();
