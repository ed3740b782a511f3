/**
 * For every word of the answer: the patch and the layer that read most as it.
 */
import { viewOf } from "../core/actions.js";
import { formatCount, formatProb, formatRank } from "../core/format.js";
import { runSteps } from "../core/work.js";
import { drawPatchThumb } from "../image/thumb.js";
import { answerWords, findInPatchesSteps } from "./words.js";

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export async function mountAnswerTable(root, record, state) {
  root.hidden = record.answerPositions.length === 0 || record.imagePositions.length === 0;
  if (root.hidden) return;
  root.append(document.getElementById("answer-table-frame").content.cloneNode(true));
  const body = root.querySelector("tbody");
  const note = root.querySelector(".table-note");
  note.textContent = "reading the patches …";
  const words = answerWords(record);
  await new Promise((resolve) => { setTimeout(resolve, 0); }); // the other panels first
  const finds = await runSteps(findInPatchesSteps(record, words.map((word) => word.index)));
  const rows = words.map((word, order) => ({ word, order, find: finds.get(word.index) }));
  const exact = rows.every((row) => row.find.exact);
  note.textContent = exact ? "exact: these tokens were recorded in every cell" : `where they are among the top ${record.K}; not recorded elsewhere`;

  const elements = new Map(rows.map((row) => [row, answerRow(record, row)]));
  let sort = { key: "order", down: false };
  function draw() {
    const { key, down } = sort;
    const value = { order: (row) => row.order, value: (row) => row.find.value, layer: (row) => row.find.layer, rank: (row) => (row.find.rank < 0 ? Infinity : row.find.rank), first: (row) => (row.find.firstLayer < 0 ? Infinity : row.find.firstLayer) }[key];
    const sorted = [...rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return (x === y ? 0 : (x < y ? -1 : 1) * (down ? -1 : 1)) || a.order - b.order;
    });
    body.replaceChildren(...sorted.map((row) => elements.get(row)));
    for (const button of root.querySelectorAll("[data-sort]")) {
      if (button.dataset.sort === key) button.closest("th").setAttribute("aria-sort", down ? "descending" : "ascending");
      else button.closest("th").removeAttribute("aria-sort");
    }
  }
  draw();

  root.addEventListener("click", (event) => {
    const head = event.target.closest("[data-sort]");
    if (head) {
      const key = head.dataset.sort;
      sort = { key, down: sort.key === key ? !sort.down : key === "value" };
      draw();
      return;
    }
    const line = event.target.closest("tbody tr");
    const row = line && rows[Number(line.dataset.order)];
    if (!row || row.find.position < 0) return;
    const { layer, position } = row.find;
    const colour = ["prob", "rank"].includes(state.get("colour")) ? state.get("colour") : "prob";
    state.set({ tokens: [record.id(row.word.index)], colour, cell: { layer, position }, layer, view: viewOf(record, position) });
  });
  state.on(["tokens"], () => {
    for (const [row, element] of elements) element.classList.toggle("chosen", state.get("tokens").includes(record.id(row.word.index)));
  });
}

function answerRow(record, { word, order, find }) {
  const row = document.getElementById("answer-row").content.firstElementChild.cloneNode(true);
  const [head, patch, layer, prob, rank, first] = row.children;
  const [text, pieces, times] = head.querySelectorAll("span");
  const bare = record.text(word.index);
  row.dataset.order = order;
  text.textContent = word.text;
  const parted = word.positions.length > 1;
  pieces.textContent = parted ? ` ${bare}…` : "";
  pieces.title = parted ? `looked for by its piece ${bare}` : "";
  times.textContent = word.times > 1 ? ` ×${word.times}` : "";
  head.firstElementChild.title = `Show ${word.text} on the image, at the patch and layer that read most as it`;
  if (find.position < 0) {
    row.classList.add("nowhere");
    head.firstElementChild.disabled = true;
    patch.lastElementChild.textContent = `never among a patch's top ${record.K}`;
    patch.colSpan = 5;
    for (const cell of [layer, prob, rank, first]) cell.remove();
    return row;
  }
  drawPatchThumb(patch.firstElementChild, record, find.position);
  patch.lastElementChild.textContent = record.label(find.position).replace("patch ", "");
  layer.textContent = String(record.layers[find.layer]);
  prob.textContent = formatProb(find.value);
  rank.textContent = formatRank(find.rank);
  first.textContent = find.firstLayer < 0 ? "never" : `${record.layers[find.firstLayer]} · ${formatCount(find.firstPatches, "patch", "patches")}`;
  first.classList.toggle("soft", find.firstLayer < 0);
  return row;
}
