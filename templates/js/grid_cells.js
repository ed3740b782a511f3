/**
 * The rows and cells that are in the DOM: a pool that is filled anew as the grid scrolls.
 * Knows how a cell looks; does not know the state nor where the pointer is.
 */
/* global shadeFill, shadeInk, isBand, bandStart, blockLength, formatCount */

export const GRID = { row: 24, column: 68, head: 26, side: 104, thumb: 20 };

/**
 * @param {HTMLElement} sheet holds the rows
 * @param {LensPage} record
 * @param {HTMLImageElement|null} picture for the thumbnails
 */
export function createGridCells(sheet, record, picture) {
  const rowTemplate = document.getElementById("grid-row");
  const cellTemplate = document.getElementById("grid-cell");
  /** @type {Map<number, {element: HTMLElement, side: HTMLElement, cells: HTMLElement[], row: number}>} */
  const shown = new Map(); // by place in the list of rows
  const spare = [];
  const scale = picture ? picture.naturalWidth / record.meta.image.width : 1;
  const density = Math.min(2, Math.max(1, globalThis.devicePixelRatio || 1));

  function makeRow() {
    const element = rowTemplate.content.firstElementChild.cloneNode(true);
    const canvas = element.querySelector("canvas");
    canvas.width = canvas.height = Math.round(GRID.thumb * density);
    return { element, side: element.firstElementChild, canvas, label: element.querySelector(".side-label"), cells: [], row: NaN };
  }

  function drawThumb(canvas, box) {
    const pen = canvas.getContext("2d");
    const [left, top, right, bottom] = box.map((x) => x * scale);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, left, top, right - left, bottom - top, 0, 0, canvas.width, canvas.height);
  }

  function fillSide(row, t) {
    const band = isBand(t);
    const kind = band ? "band" : ["text", "image", "answer"][record.kind(t)];
    row.element.dataset.kind = kind;
    const box = band || !picture?.naturalWidth ? null : record.box(t);
    row.canvas.hidden = !box;
    if (box) drawThumb(row.canvas, box);
    row.label.className = `side-label ${kind === "image" ? "number" : band ? "" : "token"}`;
    row.label.textContent = band ? formatCount(blockLength(record, bandStart(t)), "patch", "patches")
      : kind === "image" ? String(record.patchNumber.get(t)).padStart(3, "0") : record.label(t);
    row.side.title = band ? "" : `position ${t}: ${record.label(t)}`;
  }

  function fillCell(cell, l, t, look, decided) {
    const shade = look.quantity.shade(l, t);
    cell.firstChild.data = record.text(record.topIndex(l, t, 0));
    cell.className = shade === -1 ? "cell token below" : "cell token";
    cell.style.background = shade >= 0 ? shadeFill(shade, look.dark) : "";
    cell.style.color = shade >= 0 ? shadeInk(shade, look.dark) : "";
    if (l === decided) cell.classList.add("decided");
  }

  function fillRow(row, place, t, columns, look) {
    const [from, to] = columns;
    if (row.row !== t) fillSide(row, t);
    row.row = t;
    row.element.style.top = `${GRID.head + place * GRID.row}px`;
    row.element.setAttribute("aria-rowindex", place + 2);
    const wanted = isBand(t) ? 0 : to - from;
    while (row.cells.length > wanted) row.cells.pop().remove();
    while (row.cells.length < wanted) {
      const cell = cellTemplate.content.firstElementChild.cloneNode(true);
      row.cells.push(cell);
      row.element.append(cell);
    }
    if (wanted === 0) return;
    const decided = record.decision(t);
    for (let c = from; c < to; c += 1) {
      const cell = row.cells[c - from];
      cell.style.left = `${GRID.side + c * GRID.column}px`;
      cell.setAttribute("aria-colindex", c + 2);
      cell.dataset.layer = c;
      fillCell(cell, c, t, look, decided);
    }
    row.element.dataset.position = t;
  }

  return {
    /**
     * Show a window of the grid.
     * @param {Int32Array} rows
     * @param {[number, number]} places which of them
     * @param {[number, number]} columns which layers
     * @param {{quantity: Quantity, dark: boolean}} look
     * @param {boolean} all fill also what is already there
     */
    show(rows, places, columns, look, all) {
      for (const [place, row] of shown) {
        if (place >= places[0] && place < places[1]) continue;
        spare.push(row);
        shown.delete(place);
      }
      for (let place = places[0]; place < places[1]; place += 1) {
        let row = shown.get(place);
        if (row && !all) continue;
        if (!row) {
          row = spare.pop() ?? makeRow();
          shown.set(place, row);
          if (!row.element.isConnected) sheet.append(row.element);
        }
        fillRow(row, place, rows[place], columns, look);
      }
      while (spare.length) spare.pop().element.remove();
    },
    /** The cell at a place and layer, when it is in the DOM. */
    at(place, layer, columns) {
      return shown.get(place)?.cells[layer - columns[0]] ?? null;
    },
  };
}
