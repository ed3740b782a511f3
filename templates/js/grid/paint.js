/**
 * Paints the visible part of the grid on one canvas: cells, layer numbers, row headers with the
 * patch's own pixels. A few hundred elements of text would take the browser ten times as long to
 * lay out as this takes to paint. Knows how a cell looks; not the state, nor where the pointer is.
 */
import { shadeFill, shadeInk } from "../core/colour.js";
import { visibleText } from "../core/format.js";
import { bandBlock, bandText, isBand } from "./rows.js";
import { GRID, gridLayerName } from "./window.js";

const GRID_COLOURS = ["paper", "surface", "ink", "ink-soft", "line", "line-strong", "accent", "accent-ink", "pin", "unknown", "hatch"];

/**
 * Colours of the theme as canvas understands them.
 * @returns {Object<string, string>}
 */
function resolveColours(host) {
  const probe = document.createElement("i");
  host.append(probe);
  const colours = {};
  for (const name of GRID_COLOURS) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

/** Shortens texts to a width, remembering them: (text) → text that fits. */
function createFitter(pen, width) {
  const known = new Map();
  return (text) => {
    let fitted = known.get(text);
    if (fitted !== undefined) return fitted;
    const letters = [...text].slice(0, 60); // code points, so that no emoji is cut in two
    fitted = letters.join("");
    while (letters.length > 1 && (pen.measureText(fitted).width > width || (letters.length < 60 && fitted.length < text.length && !fitted.endsWith("…")))) {
      letters.pop();
      fitted = `${letters.join("")}…`;
    }
    known.set(text, fitted);
    return fitted;
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {LensPage} record
 * @param {HTMLImageElement|null} picture for the thumbnails
 */
export function createGridPainter(canvas, record, picture) {
  const pen = canvas.getContext("2d", { alpha: false });
  const style = getComputedStyle(canvas);
  const mono = `12px ${style.getPropertyValue("--mono")}`;
  const sans = `11.5px ${style.getPropertyValue("--text")}`;
  const small = `10px ${style.getPropertyValue("--text")}`;
  pen.font = mono;
  let fitCell = null;
  let column = 0; // width of one
  const fitSide = createFitter(pen, GRID.side - 14);
  let colours = null;
  let hatch = null;
  let density = 1;
  let size = { width: 0, height: 0 };

  function makeHatch() {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const tilePen = tile.getContext("2d");
    tilePen.fillStyle = colours.unknown;
    tilePen.fillRect(0, 0, 6, 6);
    tilePen.strokeStyle = colours.hatch;
    tilePen.beginPath();
    for (const x of [-6, 0, 6]) { tilePen.moveTo(x, 6); tilePen.lineTo(x + 6, 0); }
    tilePen.stroke();
    return pen.createPattern(tile, "repeat");
  }

  function box(fill, x, y, width, height) {
    pen.fillStyle = fill;
    pen.fillRect(x, y, width, height);
  }

  function write(text, x, y, ink, font, align = "left") {
    pen.fillStyle = ink;
    pen.font = font;
    pen.textAlign = align;
    pen.fillText(text, x, y);
  }

  /** Text of a token, in ink and font of the caller; a sign for what cannot be seen is softer. */
  function token(text, fit, x, y) {
    const shown = visibleText(text);
    if (shown !== text) pen.globalAlpha = 0.7;
    pen.fillText(fit(shown), x, y);
    pen.globalAlpha = 1;
  }

  /** A cell and its text. Cells of a row follow each other, so the font is set by the caller. */
  function cell(l, t, x, y, look, decided) {
    const shade = look.quantity.shade(l, t);
    const known = shade >= 0;
    box(known ? shadeFill(shade, look.dark) : shade === -1 ? hatch : colours.surface, x, y, column - 1, GRID.row - 1);
    pen.fillStyle = known ? shadeInk(shade, look.dark) : colours.ink;
    if (l === decided) pen.fillRect(x, y, 3, GRID.row - 1);
    token(record.text(record.topIndex(l, t, 0)), fitCell, x + 5, y + 16);
  }

  function thumbnail(t, y) {
    const place = picture?.naturalWidth ? record.box(t) : null;
    if (!place) return;
    const scale = picture.naturalWidth / record.meta.image.width;
    const [left, top, right, bottom] = place.map((edge) => edge * scale);
    // without a frame and as high as the row: a framed white patch looks like a box to tick
    pen.drawImage(picture, left, top, Math.max(1, right - left), Math.max(1, bottom - top), 0, y, GRID.row - 1, GRID.row - 1);
  }

  function side(t, y) {
    const kind = record.kind(t);
    box(colours.surface, 0, y, GRID.side - 1, GRID.row - 1);
    box(colours["line-strong"], GRID.side - 1, y, 1, GRID.row);
    if (kind === 1) {
      thumbnail(t, y);
      write(String(record.patchNumber.get(t)).padStart(3, "0"), 32, y + 16, colours["ink-soft"], sans);
      return;
    }
    if (kind === 2) box(colours.pin, 0, y, 3, GRID.row - 1);
    pen.font = mono;
    pen.textAlign = "left";
    pen.fillStyle = colours.ink;
    token(record.label(t), fitSide, 8, y + 16);
    const room = GRID.side - 22 - pen.measureText(fitSide(visibleText(record.label(t)))).width;
    pen.font = small;
    if (pen.measureText(String(t)).width <= room) write(String(t), GRID.side - 7, y + 16, colours["ink-soft"], small, "right");
  }

  function band(row, y, foldedViews) {
    box(colours.paper, 0, y, size.width, GRID.row - 1);
    const block = bandBlock(record, row);
    const text = bandText(record, block);
    const folded = foldedViews.includes(block.view);
    write(`${folded ? "▸" : "▾"} ${text}${folded ? ", folded" : ""}`, 7, y + 16, colours["ink-soft"], sans);
  }

  function head(columns, current) {
    box(colours.surface, 0, 0, size.width, GRID.head - 1);
    for (const l of columns.shown) {
      const x = GRID.side + columns.x(l);
      const chosen = l === current;
      box(colours[chosen ? "accent" : "surface"], x, 0, column - 1, GRID.head - 1);
      write(gridLayerName(record, l), x + column / 2, 17, colours[chosen ? "accent-ink" : "ink-soft"], sans, "center");
    }
    box(colours.surface, 0, 0, GRID.side - 1, GRID.head - 1);
    write("layer →", GRID.side - 7, 17, colours["ink-soft"], sans, "right");
    box(colours["line-strong"], 0, GRID.head - 1, size.width, 1);
    box(colours["line-strong"], GRID.side - 1, 0, 1, GRID.head);
  }

  return {
    /** The theme changed: colours are read anew. */
    restyle() { colours = null; },
    /** @param {number} width @param {number} height @param {number} wide a column; CSS pixels @param {number} [least] device pixels per CSS pixel */
    resize(width, height, wide, least = 1) {
      if (wide !== column) {
        column = wide;
        pen.setTransform(1, 0, 0, 1, 0, 0);
        pen.font = mono;
        fitCell = createFitter(pen, column - 9);
      }
      density = Math.max(least, globalThis.devicePixelRatio || 1);
      size = { width, height };
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    },
    /**
     * @param {Int32Array} rows
     * @param {[number, number]} places which of them are visible
     * @param {GridColumns} columns
     * @param {number} top pixels scrolled
     * @param {{quantity: Quantity, dark: boolean, layer: number, folded: number[]}} look
     */
    paint(rows, places, columns, top, look) {
      if (!colours) {
        colours = resolveColours(canvas.parentElement);
        hatch = makeHatch();
      }
      pen.setTransform(density, 0, 0, density, 0, 0);
      box(colours.surface, 0, 0, size.width, size.height);
      const lastColumn = GRID.side + columns.x(record.L - 1);
      const bottom = GRID.head + places[1] * GRID.row - top;
      box(colours.line, 0, 0, Math.min(lastColumn + column, size.width), bottom);
      for (let place = places[0]; place < places[1]; place += 1) {
        const t = rows[place];
        const y = GRID.head + place * GRID.row - top;
        if (isBand(t)) { band(t, y, look.folded); continue; }
        const decided = record.decision(t);
        pen.font = mono;
        pen.textAlign = "left";
        for (const l of columns.shown) cell(l, t, GRID.side + columns.x(l), y, look, decided);
        side(t, y);
      }
      head(columns, look.layer);
      if (columns.keeps) box(colours["line-strong"], lastColumn - 2, 0, 2, bottom);
    },
  };
}
