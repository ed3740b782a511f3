/**
 * What lies over the painting of the grid: row, cell and layer number that are hovered, the selection, the layer.
 */
import { shadeFill, shadeInk } from "../core/colour.js";
import { visibleText } from "../core/format.js";
import { GRID, gridLayerName } from "./window.js";

/**
 * @param {HTMLElement} view
 * @param {LensPage} record
 */
export function createGridMarks(view, record) {
  const [cross, head, band, chosen, row] = [".grid-cross-row", ".grid-cross-head", ".grid-column-mark", ".grid-chosen", ".grid-active-row"]
    .map((name) => view.querySelector(name));
  const [header, active] = row.children;
  const put = (mark, x, y) => { mark.style.transform = `translate(${x}px, ${y}px)`; };

  /** On a column; what lies beneath the last one, which stays at the edge, is cut off. */
  function putOn(mark, columns, l, y) {
    put(mark, columns.x(l), y);
    const under = columns.under(l);
    mark.style.clipPath = under ? `inset(-2px ${under + 2}px -2px -2px)` : "";
  }

  return {
    draw(values, placeOf, columns, scroll, look) {
      const { hover, cell, layer } = values;
      const down = (t) => placeOf(t) * GRID.row - scroll.top;
      putOn(band, columns, layer, 0);
      band.style.height = `${Math.max(0, scroll.rows * GRID.row - scroll.top)}px`;
      chosen.hidden = !cell || placeOf(cell.position) < 0;
      if (!chosen.hidden) putOn(chosen, columns, cell.layer, down(cell.position));
      head.hidden = !hover || hover.layer === layer; // the chosen layer's number stands out by itself
      if (!head.hidden) {
        putOn(head, columns, hover.layer, 0);
        head.textContent = gridLayerName(record, hover.layer);
      }
      const shown = hover && placeOf(hover.position) >= 0;
      cross.hidden = !shown || down(hover.position) < 0;
      active.hidden = !shown;
      if (!shown) return;
      const { layer: l, position: t } = hover;
      put(cross, 0, down(t) + GRID.head);
      putOn(active, columns, l, down(t));
      const shade = look.quantity.shade(l, t);
      const [name, word] = [record.label(t), record.text(record.topIndex(l, t, 0))].map(visibleText);
      active.textContent = word;
      active.classList.toggle("below", shade === -1);
      active.style.background = shade >= 0 ? shadeFill(shade, look.dark) : "";
      active.style.color = shade >= 0 ? shadeInk(shade, look.dark) : "";
      header.textContent = name;
      row.setAttribute("aria-rowindex", placeOf(t) + 2);
      active.setAttribute("aria-colindex", l + 2);
      active.setAttribute("aria-label", `${name}, ${record.layerName(l)}: ${word}, ${look.quantity.text(l, t)}`);
    },
  };
}
