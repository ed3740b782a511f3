/**
 * The layer × position grid. Only what is visible is painted, in both directions; what the pointer
 * or the keys are on is a real cell that lies over the painting, for selection and screen readers.
 * This file lays out and draws; grid_input.js listens, grid_paint.js paints.
 */
/* global GRID, quantityNow, QUANTITY_KEYS, gridRows, matchingPositions, visibleRange, columnWidth,
   scrollToShow, createGridPainter, listenToGrid, mountGridControls, mountGridMap, shadeFill, shadeInk */

/**
 * @param {HTMLElement} root
 * @param {LensPage} record
 * @param {object} state
 */
export function mountGridPane(root, record, state) {
  const body = root.querySelector("#grid-body");
  body.append(document.getElementById("grid-frame").content.cloneNode(true));
  const scroller = body.querySelector(".grid-scroller");
  const [sheet, view, canvas, empty] = [".grid-sheet", ".grid-view", ".grid-canvas", ".grid-empty"].map((name) => body.querySelector(name));
  const marks = createMarks(view, record);
  const picture = document.getElementById("picture");
  const painter = createGridPainter(canvas, record, picture);
  let column = GRID.column; // width of one
  let rows = new Int32Array();
  let placeOf = new Map();

  const grid = {
    scroller,
    rows: () => rows,
    /** Place of a row in the list of rows, −1 when it is filtered out. */
    place: (row) => placeOf.get(row) ?? -1,
    /** Rows that fit the window. */
    page: () => Math.max(1, Math.floor((scroller.clientHeight - GRID.head) / GRID.row) - 1),
    /** Place of the first row that is wholly visible. */
    firstVisible: () => Math.ceil(scroller.scrollTop / GRID.row),
    /** What is at a point of the screen: column −1 is the row header, place −1 the layer numbers. */
    cellAt(x, y) {
      const frame = scroller.getBoundingClientRect();
      const [fromLeft, fromTop] = [x - frame.left, y - frame.top];
      if (fromTop < 0 || fromTop > scroller.clientHeight || fromLeft < 0 || fromLeft > scroller.clientWidth) return null;
      const place = fromTop < GRID.head ? -1 : Math.floor((fromTop + scroller.scrollTop - GRID.head) / GRID.row);
      const layer = fromLeft < GRID.side ? -1 : Math.floor((fromLeft + scroller.scrollLeft - GRID.side) / column);
      return layer < record.L && place < rows.length ? { place, column: layer } : null;
    },
    /** Where a cell is on the screen; column −1 is the row header. */
    rect(place, layer) {
      const frame = scroller.getBoundingClientRect();
      const left = frame.left + (layer < 0 ? 0 : GRID.side + layer * column - scroller.scrollLeft);
      const top = frame.top + GRID.head + place * GRID.row - scroller.scrollTop;
      return { left, top, right: left + (layer < 0 ? GRID.side : column), bottom: top + GRID.row };
    },
    /** Scroll as little as shows this cell; −1 leaves that direction alone. */
    reveal(place, layer) {
      const [width, height] = [scroller.clientWidth - GRID.side, scroller.clientHeight - GRID.head];
      if (layer >= 0) scroller.scrollLeft = scrollToShow(scroller.scrollLeft, width, column, layer, 2 * column);
      if (place >= 0) scroller.scrollTop = scrollToShow(scroller.scrollTop, height, GRID.row, place, GRID.row);
      paint();
    },
  };

  function listRows() {
    const filter = state.get("rows");
    const tokens = state.get("tokens").map((id) => record.indexOf(id)).filter((i) => i >= 0);
    const matches = filter === "matches" ? matchingPositions(record, tokens, state.get("query")) : new Uint8Array(record.T);
    rows = gridRows(record, { rows: filter, collapsed: state.get("collapsed"), pins: state.get("pins"), matches });
    placeOf = new Map();
    rows.forEach((row, place) => placeOf.set(row, place));
    sheet.style.height = `${GRID.head + rows.length * GRID.row}px`;
    scroller.setAttribute("aria-rowcount", rows.length + 1);
    scroller.setAttribute("aria-colcount", record.L + 1);
    empty.hidden = rows.length > 0;
    empty.textContent = {
      pinned: "Nothing is pinned yet: click a cell or a patch.",
      matches: "No row matches: type or choose a token above.",
    }[filter] ?? "This record has no such rows.";
  }

  function paint() {
    const [width, height] = [scroller.clientWidth, scroller.clientHeight];
    if (scroller.hidden || height === 0) return;
    const [left, top] = [scroller.scrollLeft, scroller.scrollTop];
    const places = visibleRange(top, height - GRID.head, GRID.row, rows.length);
    const columns = visibleRange(left, width - GRID.side, column, record.L);
    const look = { quantity: quantityNow(record, state), dark: state.get("dark"), layer: state.get("layer"), folded: state.get("collapsed") };
    painter.paint(rows, places, columns, { left, top }, look);
    drawMarks();
  }

  function drawMarks() {
    const scroll = { left: Math.round(scroller.scrollLeft), top: Math.round(scroller.scrollTop), rows: rows.length };
    const look = { quantity: quantityNow(record, state), dark: state.get("dark") };
    marks.draw(state.all(), grid.place, scroll, column, look);
  }

  function resize() {
    if (scroller.clientHeight === 0) return;
    column = columnWidth(scroller.clientWidth - GRID.side, record.L);
    view.style.setProperty("--column", `${column}px`);
    sheet.style.width = `${GRID.side + record.L * column}px`;
    view.style.width = `${scroller.clientWidth}px`;
    view.style.height = `${scroller.clientHeight}px`;
    painter.resize(scroller.clientWidth, scroller.clientHeight, column);
    paint();
  }

  mountGridControls(root.querySelector("#grid-controls"), record, state);
  mountGridMap(body.querySelector(".grid-map"), record, state, () => rows);
  listenToGrid(grid, record, state);

  let waiting = 0;
  scroller.addEventListener("scroll", () => {
    waiting ||= requestAnimationFrame(() => { waiting = 0; paint(); });
  }, { passive: true });
  listRows();
  resize();
  new ResizeObserver(resize).observe(scroller);
  picture?.decode().then(paint, () => { /* a picture that cannot be decoded: no thumbnails */ });

  state.on(["rows", "collapsed", "zoomedOut", "pins", "query", "dark", ...QUANTITY_KEYS], (changed) => {
    const filter = state.get("rows");
    const relist = ["rows", "collapsed"].some((key) => changed.has(key))
      || (changed.has("pins") && (filter === "pinned" || state.get("collapsed")))
      || (filter === "matches" && (changed.has("tokens") || changed.has("query")));
    if (relist) listRows();
    if (changed.has("dark")) painter.restyle();
    scroller.hidden = state.get("zoomedOut");
    if (changed.has("zoomedOut")) resize();
    paint();
  });
  state.on(["hover"], drawMarks);
  state.on(["layer"], () => grid.reveal(-1, state.get("layer")));
  state.on(["cell"], () => {
    const cell = state.get("cell");
    if (cell && !state.get("zoomedOut")) grid.reveal(grid.place(cell.position), cell.layer);
    drawMarks();
  });
}

/** What lies over the painting: the row and cell that are hovered, the selection, the layer. */
function createMarks(view, record) {
  const [cross, band, chosen, row] = [".grid-cross-row", ".grid-column-mark", ".grid-chosen", ".grid-active-row"]
    .map((name) => view.querySelector(name));
  const [header, active] = row.children;
  const put = (mark, x, y) => { mark.style.transform = `translate(${x}px, ${y}px)`; };

  return {
    draw(values, placeOf, scroll, width, look) {
      const { hover, cell, layer } = values;
      const at = (l, t) => [l * width - scroll.left, placeOf(t) * GRID.row - scroll.top];
      put(band, layer * width - scroll.left, 0);
      band.style.height = `${Math.max(0, scroll.rows * GRID.row - scroll.top)}px`;
      chosen.hidden = !cell || placeOf(cell.position) < 0;
      if (!chosen.hidden) put(chosen, ...at(cell.layer, cell.position));
      const shown = hover && placeOf(hover.position) >= 0;
      cross.hidden = !shown || at(0, hover.position)[1] < 0;
      active.hidden = !shown;
      if (!shown) return;
      const { layer: l, position: t } = hover;
      const [x, y] = at(l, t);
      put(cross, 0, y + GRID.head);
      put(active, x, y);
      const shade = look.quantity.shade(l, t);
      active.textContent = record.text(record.topIndex(l, t, 0));
      active.classList.toggle("below", shade === -1);
      active.style.background = shade >= 0 ? shadeFill(shade, look.dark) : "";
      active.style.color = shade >= 0 ? shadeInk(shade, look.dark) : "";
      header.textContent = record.label(t);
      row.setAttribute("aria-rowindex", placeOf(t) + 2);
      active.setAttribute("aria-colindex", l + 2);
      active.setAttribute("aria-label", `${record.label(t)}, ${record.layerName(l)}: ${record.text(record.topIndex(l, t, 0))}, ${look.quantity.text(l, t)}`);
    },
  };
}
