/**
 * What each map says of itself: a title, one line on what was done, and the number of a patch. Pure.
 */
import { formatNumber, formatProb, formatRank, quietText } from "../core/format.js";
import { contrastOf, controlDrops } from "../core/word_maps.js";
/** @import { LensPage } from "../core/record.js" */
/** @import { MapKind, SaidWord } from "../core/word_maps.js" */

export const FLAGS = { reads: "", depends: "--ablate", writes: "--attribute" };

/** One line: what was done to make the map. @param {MapKind} kind @param {LensPage} record @param {SaidWord} word @param {number} layer index */
export function captionOf(kind, record, word, layer) {
  if (kind === "reads") {
    return `p of ${quietText(record.text(word.index))} at ${record.layerName(layer)}${record.hasLenses ? ` through the ${record.lensTitle}` : ""}, if the model spoke there. What a patch says, not what the answer needed.`;
  }
  const { ablation, attribution } = record.meta;
  if (kind === "depends") {
    const size = ablation?.window ?? 3;
    const most = controlDrops(record, word)?.at(-1);
    const control = most === undefined ? "" : ` Random sets of as many lose ${formatNumber(most)} at most.`;
    return `log p lost when ${size} × ${size} patches become ${ablation?.with ?? "their mean"}.${control}`;
  }
  const against = contrastOf(record, word);
  const versus = against < 0 ? "" : ` against ${quietText(record.text(against))}`;
  const layers = attribution?.layers_by_patch ?? attribution?.layers;
  const part = layers === attribution?.layers ? "" : ` (${layers} of ${attribution?.layers} layers split by patch)`;
  return `Logits written straight to the word${versus}, by attention${part}; not what went by way of other positions.`;
}

/** Why a map is missing, and what makes it. @param {MapKind} kind @param {LensPage} record */
export function missingOf(kind, record) {
  const refused = { reads: undefined, depends: record.meta.ablation?.refused, writes: record.meta.attribution?.refused }[kind];
  if (refused) return `Not possible here: ${refused}.`;
  return FLAGS[kind] ? `Not recorded: run the command with ${FLAGS[kind]}.` : "Not recorded.";
}

/** Does any patch read the word? One sentence. @param {LensPage} record @param {SaidWord} word */
export function supportText(record, { support }) {
  if (!support) return "";
  const through = record.hasLenses ? " through the logit lens" : "";
  const how = `max p ${formatProb(support.most)}, rank ${formatRank(support.rank)}`;
  const below = Number.isNaN(support.below) ? "" : `, above ${Math.round(100 * support.below)} % of control words`;
  return isRead(support) ? `Read by a patch${through}: ${how}, ${record.layerName(support.layer)}${below}.` : `No patch reads this word${through} (${how}${below}).`;
}

/** A patch reads a word where the word comes first somewhere, above nearly all control words. @param {{rank: number, below: number}} support */
export const isRead = ({ rank, below }) => rank === 0 && !(below < 0.95);
