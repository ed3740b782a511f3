/**
 * The check: is the lens at the last layer the model's own output? And where all numbers come from.
 */
import { byId, cloneAll, part } from "../core/dom.js";
import { formatCount, formatNumber } from "../core/format.js";
import { fillFacts, wireDialog } from "./dialog.js";
/** @import { LensPage, Meta } from "../core/record.js" */

/** @typedef {"passed"|"failed"|"unknown"} Verdict */

/** @param {LensPage} record @returns {Verdict} */
export function checkVerdict(record) {
  const passed = record.meta.check?.passed;
  return passed === true ? "passed" : passed === false ? "failed" : "unknown";
}

/**
 * @param {HTMLElement} button
 * @param {LensPage} record
 */
export function mountValidity(button, record) {
  const dialog = byId("validity-dialog", HTMLDialogElement);
  dialog.append(cloneAll("validity-frame"));
  const verdict = checkVerdict(record);
  const { check = {} } = record.meta;
  button.textContent = { passed: "check ✓", failed: "check ✗", unknown: "check ?" }[verdict];
  button.className = `check-${verdict}`;
  button.title = { passed: "The self-check passed: at the last layer the lens says what the model says", failed: "The self-check failed", unknown: "Nobody has checked this lens: the record does not say how it compares with the model's own output" }[verdict];
  button.setAttribute("aria-label", button.title);

  const text = part(dialog, ".verdict");
  text.classList.add(`check-${verdict}`);
  text.textContent = {
    passed: `Passed. At the last layer the lens says what the model says, at ${formatCount(check.positions ?? 0, "position")}, within the rounding of ${record.meta.dtype ?? "its numbers"}.`,
    failed: "Failed. At the last layer the lens does not say what the model says: no number in this report can be trusted.",
    unknown: "Unknown. This record carries no self-check: whoever made it did not compare the lens with the model, and this page cannot do it afterwards.",
  }[verdict];
  fillFacts(part(dialog, ".check-facts"), verdict === "unknown" ? [] : checkFacts(check));
  fillFacts(part(dialog, ".run-facts"), runFacts(record));
  wireDialog(button, dialog);
}

/** @param {unknown} value */
const numberText = (value) => (typeof value === "number" ? formatNumber(value) : "not recorded");

/** @param {NonNullable<Meta["check"]>} check @returns {[string, string][]} */
function checkFacts(check) {
  const share = typeof check.argmax_agree === "number" ? `${formatNumber(100 * check.argmax_agree)} % of positions` : "not recorded";
  return [
    ["positions compared", `${Number(check.positions ?? 0).toLocaleString("en")}, over the whole vocabulary`],
    ["same top token", share],
    ["largest difference", `${numberText(check.max_abs_logit_diff)} (of two logits)`],
    ["tolerance", `${numberText(check.tolerance)} (what rounding can explain)`],
  ];
}

/** @param {Meta["adapter"]} adapter */
function adapterWords(adapter) {
  return adapter ? `${adapter.name}${adapter.revision ? ` (${adapter.revision})` : ""}, ${adapter.kind}, on ${adapter.base}` : "";
}

/** What the further lenses are, a line each. @param {Meta["lenses"]} lenses */
const lensWords = (lenses) => (lenses ?? []).filter(Boolean)
  .map(({ name = "", kind = "", file = "", model = "" }) => [name, kind, file, model && `fitted on ${model}`].filter(Boolean).join(", ")).join("\n");

/** Everything that the record says of its making; what the page does not know is shown as it is. @param {LensPage} record @returns {[string, string][]} */
function runFacts(record) {
  const { meta } = record;
  const plain = (/** @type {unknown} */ value) => (value === null || value === undefined || value === "" ? "not recorded" : typeof value === "string" ? value : JSON.stringify(value));
  /** @param {Object<string, unknown>|undefined} object @param {(value: unknown) => string} show */
  const pairs = (object, show) => Object.entries(object ?? {}).map(([name, value]) => `${name} ${show(value)}`).join(", ") || "not recorded";
  /** @type {Object<string, string>} */
  const tails = { plain: "plain: the final norm, then the head", replay: "replay: the model's own code after the last layer" };
  const tail = tails[meta.tail ?? ""] ?? plain(meta.tail);
  const crop = Array.isArray(meta.crop) && meta.crop.every((x) => typeof x === "number")
    ? `x ${meta.crop[0]} to ${meta.crop[2]}, y ${meta.crop[1]} to ${meta.crop[3]}, of ${meta.image?.width} × ${meta.image?.height} pixels` : plain(meta.crop);
  const known = new Set(["format", "model", "revision", "lens", "prompt", "answer", "dtype", "device", "image", "crop", "note", "check", "hook_site", "seconds", "versions", "created", "tail", "ablation", "knockout", "attribution", "notes", "adapter", "lenses"]);
  const done = (/** @type {Object<string, unknown>|undefined} */ experiment) => Object.entries(experiment ?? {}).map(([name, value]) => (name === "what" ? plain(value) : `${name} ${plain(value)}`)).join("; ");
  return [
    ["model", plain(meta.model)], ["revision", plain(meta.revision)], ["adapter", adapterWords(meta.adapter)],
    ["image", `${plain(meta.image?.name)}`], ["address", meta.image?.source ?? ""], ["part that was seen", crop], ["note", [meta.note, ...(meta.notes ?? [])].filter(Boolean).join("\n")],
    ["ablation", done(meta.ablation)], ["knockout", done(meta.knockout)], ["attribution", done(meta.attribution)],
    ["lens", plain(meta.lens)], ["further lenses", lensWords(meta.lenses)], ["tail", tail], ["recorded at", plain(meta.hook_site)],
    ["computed in", `${plain(meta.dtype)}, on ${plain(meta.device)}`],
    ["size", `${formatCount(record.L, "layer")}, ${formatCount(record.T, "position")}, top ${record.K}, ${formatCount(record.tracked.length, "token")} tracked`],
    ["seconds", pairs(meta.seconds, (value) => (typeof value === "number" ? formatNumber(value) : plain(value)))],
    ["versions", pairs(meta.versions, plain)], ["created", plain(meta.created)], ["format", plain(meta.format)],
    ...Object.entries(meta).filter(([name]) => !known.has(name)).map(([name, value]) => /** @type {[string, string]} */ ([name, plain(value)])),
  ];
}
