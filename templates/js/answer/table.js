/**
 * For every word of the answer: the patch and the layer that read most as it.
 */
import { viewOf } from "../core/actions.js";
import { childrenOf, cloneAll, cloneOne, hit, part } from "../core/dom.js";
import { formatCount, formatProb, formatRank } from "../core/format.js";
import { runSteps } from "../core/work.js";
import { drawPatchThumb } from "../image/thumb.js";
import { answerWords, findInPatchesSteps } from "./words.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { State } from "../core/state.js" */
/** @import { AnswerWord, PatchFind } from "./words.js" */

/** @typedef {{word: AnswerWord, order: number, find: PatchFind}} AnswerRow */
/** @typedef {"order"|"value"|"layer"|"rank"|"first"} SortKey */

/** What a column sorts by. @type {Record<SortKey, (row: AnswerRow) => number>} */
const SORTS = {
  order: (row) => row.order,
  value: (row) => row.find.value,
  layer: (row) => row.find.layer,
  rank: (row) => (row.find.rank < 0 ? Infinity : row.find.rank),
  first: (row) => (row.find.firstLayer < 0 ? Infinity : row.find.firstLayer),
};

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {State} state
 */
export function mountAnswerTable(root, record, state) {
  root.hidden = record.answerPositions.length === 0 || record.imagePositions.length === 0;
  if (root.hidden) return;
  root.append(cloneAll("answer-table-frame"));
  const note = part(root, ".table-note");
  note.textContent = "reading the patches …";
  /** @type {AnswerRow[]} */
  let rows = [];
  /** @type {Map<AnswerRow, HTMLElement>} */
  let elements = new Map();
  /** @type {{key: SortKey, down: boolean}} */
  let sort = { key: "order", down: false };
  const draw = () => {
    part(root, "tbody").replaceChildren(...sortedRows(rows, sort).map((row) => elements.get(row) ?? ""));
    markSorted(root, sort);
  };
  const mark = () => {
    for (const [row, element] of elements) element.classList.toggle("chosen", state.get("tokens").includes(record.id(row.word.index)));
  };
  state.on(["lens"], async () => {
    const seen = record.through();
    await new Promise((resolve) => { setTimeout(resolve, 0); }); // the other panels first
    const found = await findRows(seen);
    if (seen !== record.through()) return; // another lens has been chosen since
    rows = found;
    elements = new Map(rows.map((row) => [row, answerRow(seen, row)]));
    const exact = rows.every((row) => row.find.exact);
    note.textContent = exact ? "exact: these tokens were recorded in every cell" : `where they are among the top ${record.K}; not recorded elsewhere`;
    draw();
    mark();
  });

  root.addEventListener("click", (event) => {
    const key = /** @type {SortKey|undefined} */ (hit(event, "[data-sort]")?.dataset.sort);
    if (key) {
      sort = { key, down: sort.key === key ? !sort.down : key === "value" };
      draw();
      return;
    }
    const line = hit(event, "tbody tr");
    if (line) showRow(record, state, rows[Number(line.dataset.order)]);
  });
  state.on(["tokens"], mark);
}

/** @param {LensPage} record @returns {Promise<AnswerRow[]>} in the order of the answer */
async function findRows(record) {
  const words = answerWords(record);
  const finds = await runSteps(findInPatchesSteps(record, words.map((word) => word.index)));
  return words.flatMap((word, order) => {
    const find = finds?.get(word.index);
    return find ? [{ word, order, find }] : [];
  });
}

/** @param {AnswerRow[]} rows @param {{key: SortKey, down: boolean}} sort */
function sortedRows(rows, { key, down }) {
  return [...rows].sort((a, b) => {
    const [x, y] = [SORTS[key](a), SORTS[key](b)];
    return (x === y ? 0 : (x < y ? -1 : 1) * (down ? -1 : 1)) || a.order - b.order;
  });
}

/** @param {HTMLElement} root @param {{key: SortKey, down: boolean}} sort */
function markSorted(root, { key, down }) {
  for (const head of root.querySelectorAll("th")) {
    const button = head.querySelector("button");
    if (button?.dataset.sort === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

/** Map a word over the image, and go to where the patches read most as it. @param {LensPage} record @param {State} state @param {AnswerRow} row */
function showRow(record, state, { word, find: { layer, position } }) {
  if (position < 0) return;
  const colour = state.get("colour") === "rank" ? "rank" : "prob";
  state.set({ tokens: [record.id(word.index)], colour, cell: { layer, position }, layer, view: viewOf(record, position) });
}

/** @param {LensPage} record @param {AnswerRow} row */
function answerRow(record, { word, order, find }) {
  const row = cloneOne("answer-row");
  row.dataset.order = String(order);
  const button = part(row, "button", HTMLButtonElement);
  fillWord(button, word, record.text(word.index));
  const [, patch, layer, prob, rank, first] = childrenOf(row);
  const [thumb, name] = [part(patch, "canvas", HTMLCanvasElement), childrenOf(patch)[1]];
  if (find.position < 0) {
    row.classList.add("nowhere");
    button.disabled = true;
    name.textContent = `never among a patch's top ${record.K}`;
    patch.setAttribute("colspan", "5");
    for (const cell of [layer, prob, rank, first]) cell.remove();
    return row;
  }
  drawPatchThumb(thumb, record, find.position);
  name.textContent = record.label(find.position).replace("patch ", "");
  layer.textContent = String(record.layers[find.layer]);
  prob.textContent = formatProb(find.value);
  rank.textContent = formatRank(find.rank);
  first.textContent = find.firstLayer < 0 ? "never" : `${record.layers[find.firstLayer]} · ${formatCount(find.firstPatches, "patch", "patches")}`;
  first.classList.toggle("soft", find.firstLayer < 0);
  return row;
}

/** @param {HTMLElement} button @param {AnswerWord} word @param {string} bare the piece that is looked for */
function fillWord(button, word, bare) {
  const [text, pieces, times] = childrenOf(button);
  const parted = word.positions.length > 1;
  text.textContent = word.text;
  pieces.textContent = parted ? ` ${bare}…` : "";
  pieces.title = parted ? `looked for by its piece ${bare}` : "";
  times.textContent = word.times > 1 ? ` ×${word.times}` : "";
  button.title = `Show ${word.text} on the image, at the patch and layer that read most as it`;
}
