/**
 * Paints the visible part of the grid on one canvas: cells, layer numbers, row headers with the
 * patch's own pixels. A few hundred elements of text would take the browser ten times as long to
 * lay out as this takes to paint. Knows how a cell looks; not the state, nor where the pointer is.
 */
import { shadeFill, shadeInk } from "../core/colour.js";
import { penOf } from "../core/dom.js";
import { quietText, spaceMarks } from "../core/format.js";
import { isFragment } from "../core/fragments.js";
import { themeColours } from "../core/theme.js";
import { fitterFor } from "./fitter.js";
import { hatchPattern } from "./hatch.js";
import { bandBlock, bandText, isBand } from "./rows.js";
import { GRID } from "./window.js";
/** @import { Quantity } from "../core/quantity.js" */
/** @import { LensPage } from "../core/record.js" */
/** @import { ThemeColours } from "../core/theme.js" */
/** @import { Size } from "../image/map.js" */
/** @import { Fitter } from "./fitter.js" */
/** @import { GridColumns } from "./window.js" */

/** @typedef {{quantity: Quantity, dark: boolean, layer: number, folded: number[], whole: boolean}} GridLook whole: pieces of words are dimmed */
/** @typedef {{y: number, tall: number}} Line where a row is, in whole pixels */

export class GridPainter {
  #canvas;
  #record;
  #picture;
  #pen;
  #fonts;
  #column = 0; // its width
  #density = 1;
  /** @type {Size} */
  #size = { width: 0, height: 0 };
  /** @type {ThemeColours|null} */
  #theme = null;
  /** @type {CanvasPattern|string} */
  #hatch = "";
  /** @type {Fitter} */
  #fitCell = (text) => text;
  #fitSide;
  #letter;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {LensPage} record
   * @param {HTMLImageElement|null} picture for the thumbnails
   */
  constructor(canvas, record, picture) {
    this.#canvas = canvas;
    this.#record = record;
    this.#picture = picture;
    this.#pen = penOf(canvas, { alpha: false });
    const style = getComputedStyle(canvas);
    const [mono, sans] = [style.getPropertyValue("--mono"), style.getPropertyValue("--text")];
    this.#fonts = { mono: `12px ${mono}`, sans: `11.5px ${sans}`, small: `10px ${sans}` };
    this.#pen.font = this.#fonts.mono;
    this.#letter = this.#pen.measureText("m").width; // of the fixed pitch
    this.#fitSide = fitterFor(this.#pen, GRID.side - 16 - this.#numberWidth());
  }

  /** Of the widest position number: the label leaves it its room. */
  #numberWidth() {
    const pen = this.#pen;
    pen.font = this.#fonts.small;
    const { width } = pen.measureText(String(this.#record.T - 1));
    pen.font = this.#fonts.mono;
    return width;
  }

  /** The theme changed: colours are read anew. */
  restyle() { this.#theme = null; }

  /** @param {number} width @param {number} height @param {number} column its width; CSS pixels @param {number} [least] device pixels per CSS pixel */
  resize(width, height, column, least = 1) {
    if (column !== this.#column) {
      this.#column = column;
      this.#pen.setTransform(1, 0, 0, 1, 0, 0);
      this.#pen.font = this.#fonts.mono;
      this.#fitCell = fitterFor(this.#pen, column - 9);
    }
    const canvas = this.#canvas;
    this.#density = Math.max(least, globalThis.devicePixelRatio || 1);
    this.#size = { width, height };
    canvas.width = Math.round(width * this.#density);
    canvas.height = Math.round(height * this.#density);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }

  /**
   * @param {ArrayLike<number>} rows
   * @param {[number, number]} places which of them are visible
   * @param {GridColumns} columns
   * @param {{top: number, row: number}} scroll pixels scrolled; height of a row
   * @param {GridLook} look
   */
  paint(rows, places, columns, { top, row }, look) {
    const [pen, size, colours] = [this.#pen, this.#size, this.#colours()];
    pen.setTransform(this.#density, 0, 0, this.#density, 0, 0);
    this.#box(colours.surface, 0, 0, size.width, size.height);
    const last = columns.layers[columns.layers.length - 1];
    const [right, edge] = [GRID.side + columns.x(last) + columns.wide(last), (/** @type {number} */ place) => Math.round(GRID.head + place * row - top)];
    this.#box(colours.line, 0, 0, Math.min(right, size.width), edge(places[1]));
    for (let place = places[0]; place < places[1]; place += 1) {
      const line = { y: edge(place), tall: edge(place + 1) - edge(place) };
      if (isBand(rows[place])) this.#band(rows[place], line, look.folded, colours);
      else this.#row(rows[place], line, columns, look, colours);
    }
    if (columns.gap) this.#gap(columns, edge(places[1]), colours);
    this.#head(columns, look.layer, colours);
  }

  #colours() {
    if (this.#theme) return this.#theme;
    this.#theme = themeColours(this.#canvas.parentElement ?? document.body);
    this.#hatch = hatchPattern(this.#pen, this.#theme);
    return this.#theme;
  }

  /** @param {string|CanvasPattern} fill @param {number} x @param {number} y @param {number} width @param {number} height */
  #box(fill, x, y, width, height) {
    this.#pen.fillStyle = fill;
    this.#pen.fillRect(x, y, width, height);
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} ink @param {string} font @param {CanvasTextAlign} [align] */
  #write(text, x, y, ink, font, align = "left") {
    const pen = this.#pen;
    pen.fillStyle = ink;
    pen.font = font;
    pen.textAlign = align;
    pen.fillText(text, x, y);
  }

  /** Text of a token, in ink and font of the caller; a sign for what cannot be seen is softer. @param {string} text @param {Fitter} fit @param {number} x @param {number} y @param {number} [strength] */
  #token(text, fit, x, y, strength = 1) {
    const pen = this.#pen;
    const quiet = quietText(text);
    const shown = fit(quiet);
    const marks = Math.min(spaceMarks(text).length, shown.length);
    if (marks && marks < text.length) {
      // a leading space: a dot in the middle of its letter, which is cheaper than text
      pen.globalAlpha = 0.5 * strength;
      for (let n = 0; n < marks; n += 1) pen.fillRect(x + (n + 0.5) * this.#letter - 1, y - 5, 2, 2);
      pen.globalAlpha = strength;
      pen.fillText(shown.slice(marks), x + marks * this.#letter, y);
    } else {
      pen.globalAlpha = quiet === text ? strength : 0.7;
      pen.fillText(shown, x, y);
    }
    pen.globalAlpha = 1;
  }

  /** @param {number} t @param {Line} line @param {GridColumns} columns @param {GridLook} look @param {ThemeColours} colours */
  #row(t, line, columns, look, colours) {
    const decided = this.#record.decision(t);
    this.#pen.font = this.#fonts.mono;
    this.#pen.textAlign = "left";
    for (const l of columns.shown) this.#cell(l, t, { ...line, x: GRID.side + columns.x(l), wide: columns.wide(l) - 1 }, look, l === decided, colours);
    this.#side(t, line, colours);
  }

  /**
   * A cell and its text. Cells of a row follow each other, so the font is set by the caller.
   * @param {number} l
   * @param {number} t
   * @param {Line & {x: number, wide: number}} place
   * @param {GridLook} look
   * @param {boolean} decided is it the first of its final token?
   * @param {ThemeColours} colours
   */
  #cell(l, t, { x, y, wide, tall }, look, decided, colours) {
    const pen = this.#pen;
    const shade = look.quantity.shade(l, t);
    const known = shade >= 0;
    this.#box(known ? shadeFill(shade, look.dark) : shade === -1 ? this.#hatch : colours.surface, x, y, wide, tall - 1);
    pen.fillStyle = known ? shadeInk(look.dark) : colours.ink;
    if (decided) pen.fillRect(x, y, 3, tall - 1);
    const token = this.#record.topIndex(l, t, 0);
    this.#token(this.#record.text(token), this.#fitCell, x + 5, y + (tall >> 1) + 4, look.whole && isFragment(this.#record, token) ? 0.35 : 1);
  }

  /** The row header. @param {number} t @param {Line} line @param {ThemeColours} colours */
  #side(t, { y, tall }, colours) {
    const [pen, record, fonts] = [this.#pen, this.#record, this.#fonts];
    const kind = record.kind(t);
    const base = y + (tall >> 1) + 4;
    this.#box(colours.surface, 0, y, GRID.side - 1, tall - 1);
    this.#box(colours.lineStrong, GRID.side - 1, y, 1, tall);
    if (kind === 1) {
      this.#thumbnail(t, y, tall - 1);
      this.#write(String(record.patchNumber.get(t)).padStart(3, "0"), 32, base, colours.inkSoft, fonts.sans);
      return;
    }
    if (kind === 2) this.#box(colours.pin, 0, y, 3, tall - 1);
    pen.font = fonts.mono;
    pen.textAlign = "left";
    pen.fillStyle = colours.ink;
    this.#token(record.label(t), this.#fitSide, 8, base);
    this.#write(String(t), GRID.side - 6, base, colours.inkSoft, fonts.small, "right");
  }

  /** @param {number} t @param {number} y @param {number} size */
  #thumbnail(t, y, size) {
    const picture = this.#picture;
    const place = picture?.naturalWidth ? this.#record.box(t) : null;
    if (!picture || !place) return;
    const scale = picture.naturalWidth / this.#record.meta.image.width;
    const [left, top, right, bottom] = place.map((edge) => edge * scale);
    // without a frame and as high as the row: a framed white patch looks like a box to tick
    this.#pen.drawImage(picture, left, top, Math.max(1, right - left), Math.max(1, bottom - top), 0, y, size, size);
  }

  /** The head of an image block. @param {number} row @param {Line} line @param {number[]} foldedViews @param {ThemeColours} colours */
  #band(row, { y, tall }, foldedViews, colours) {
    this.#box(colours.paper, 0, y, this.#size.width, tall - 1);
    const block = bandBlock(this.#record, row);
    const folded = foldedViews.includes(block.view);
    this.#write(`${folded ? "▸" : "▾"} ${bandText(this.#record, block)}${folded ? ", folded" : ""}`, 7, y + (tall >> 1) + 4, colours.inkSoft, this.#fonts.sans);
  }

  /** What parts the last layer from the others. @param {GridColumns} columns @param {number} bottom @param {ThemeColours} colours */
  #gap(columns, bottom, colours) {
    const x = GRID.side + columns.room;
    this.#box(colours.paper, x, 0, columns.gap, Math.max(bottom, GRID.head));
    this.#box(colours.lineStrong, x, 0, 1, bottom);
    this.#box(colours.lineStrong, x + columns.gap - 1, 0, 1, bottom);
  }

  /** The layer numbers. @param {GridColumns} columns @param {number} current @param {ThemeColours} colours */
  #head(columns, current, colours) {
    const [width, { sans }] = [this.#size.width, this.#fonts];
    this.#box(colours.surface, 0, 0, width, GRID.head - 1);
    for (const l of columns.shown) {
      const x = GRID.side + columns.x(l);
      const chosen = l === current;
      this.#box(chosen ? colours.accent : colours.surface, x, 0, columns.wide(l) - 1, GRID.head - 1);
      this.#write(String(this.#record.layers[l]), x + columns.wide(l) / 2, 17, chosen ? colours.accentInk : colours.inkSoft, sans, "center");
    }
    if (columns.gap) {
      const x = GRID.side + columns.room;
      this.#box(colours.paper, x, 0, columns.gap, GRID.head);
      if (columns.under(columns.layers[columns.layers.length - 2])) this.#write("⋯", x + columns.gap / 2, 17, colours.inkSoft, sans, "center");
    }
    this.#box(colours.surface, 0, 0, GRID.side - 1, GRID.head - 1);
    this.#box(colours.lineStrong, 0, GRID.head - 1, width, 1);
    this.#box(colours.lineStrong, GRID.side - 1, 0, 1, GRID.head);
  }
}
