/**
 * A patch of any report as a small picture: the patch with what lies around it, or, where the index
 * does not carry that, the whole image; the patch is outlined. Does not know the views.
 */
import { cloneOne, part } from "../js/core/dom.js";
import { formatProb } from "../js/core/format.js";
/** @import { FolderStatistics } from "./data.js" */
/** @import { Entry } from "./table.js" */

const LEAST = 9; // percent of the picture: a smaller outline would not be seen

/**
 * Fill a frame with the picture of a patch.
 * @param {HTMLElement} frame
 * @param {FolderStatistics} folder
 * @param {Entry} entry
 * @param {number} n
 */
export function fillPatch(frame, folder, entry, n) {
  const { words, crops, info } = folder;
  const crop = crops[words.blocks.patch_crop[n]] ?? null;
  const [picture, box] = crop ?? [entry.thumbnail, words.box(n)];
  const ratio = crop || !entry.height ? 1 : entry.width / entry.height;
  frame.style.width = `${100 * Math.min(1, ratio)}%`;
  const outline = part(frame, ".outline");
  part(frame, "img", HTMLImageElement).hidden = !picture;
  if (picture) part(frame, "img", HTMLImageElement).src = picture;
  outline.hidden = !picture || box[2] === 0;
  const sides = box.map((side) => (100 * side) / info.edge);
  const place = [[sides[0], sides[2]], [sides[1], sides[3]]].map(([from, to]) => {
    const size = Math.max(to - from, LEAST);
    return { from: Math.max(0, Math.min(100 - size, (from + to - size) / 2)), size };
  });
  Object.assign(outline.style, { left: `${place[0].from}%`, width: `${place[0].size}%`, top: `${place[1].from}%`, height: `${place[1].size}%` });
}

/**
 * A patch that opens its report.
 * @param {FolderStatistics} folder
 * @param {Entry[]} entries
 * @param {number} n
 * @param {"tile"|"mini"} kind
 */
export function patchLink(folder, entries, n, kind) {
  const { words } = folder;
  const entry = entries[words.blocks.patch_report[n]];
  const link = /** @type {HTMLAnchorElement} */ (cloneOne(kind));
  link.href = words.link(n, entry);
  fillPatch(part(link, ".patch"), folder, entry, n);
  const about = `layer ${words.blocks.patch_layer[n]}, ${formatProb(words.prob(n))}`;
  link.title = `${entry.name || entry.link}: ${about}`;
  if (kind === "mini") return link;
  part(link, ".prob").textContent = formatProb(words.prob(n));
  part(link, ".layer").textContent = `layer ${words.blocks.patch_layer[n]}`;
  part(link, ".name").textContent = entry.name.split("/").at(-1) || entry.link;
  return link;
}
