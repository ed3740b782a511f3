/**
 * Dialogs and menus of the header: open, close, keep the focus. Knows nothing of what they say.
 */
import { byId, childrenOf, cloneAll, cloneOne, clonesIn, hit, moveOf, part } from "../core/dom.js";
/** @import { LensPage } from "../core/record.js" */

/**
 * A button that opens a native dialog: Esc, the cross and a click beside it close it, and the focus
 * goes back to the button.
 * @param {HTMLElement} button
 * @param {HTMLDialogElement} dialog
 */
export function wireDialog(button, dialog) {
  button.addEventListener("click", () => {
    if (dialog.open) return;
    button.focus(); // a dialog gives the focus back, on closing, to what had it before
    dialog.showModal();
    dialog.scrollTop = 0;
  });
  dialog.addEventListener("click", (event) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const beside = event.target === dialog && (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom);
    if (beside || hit(event, ".dialog-close")) dialog.close();
  });
}

/**
 * A clone of a template of two elements for every pair of texts.
 * @param {HTMLElement} list
 * @param {string} id of the template
 * @param {[string, string][]} pairs
 */
export function fillPairs(list, id, pairs) {
  clonesIn(list, id, pairs.length).forEach((item, n) => {
    childrenOf(item).forEach((child, k) => { child.textContent = pairs[n][k]; });
  });
}

/**
 * Names and values; a value that is empty is left out.
 * @param {HTMLElement} list a <dl>
 * @param {[string, string][]} facts
 */
export function fillFacts(list, facts) {
  fillPairs(list, "fact", facts.filter(([, value]) => value !== ""));
}

/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {string} note
 * @property {() => string} [ready] why it cannot be done now, or ""
 * @property {() => void|Promise<void>} run
 */

/**
 * A button that unfolds a few actions.
 * @param {HTMLElement} root
 * @param {string} name on the button
 * @param {MenuItem[]} items
 */
export function wireMenu(root, name, items) {
  root.append(cloneAll("menu-frame"));
  const [button, list] = [part(root, "button", HTMLButtonElement), childrenOf(root)[1]];
  button.textContent = name;
  list.id = `${root.id}-list`;
  button.setAttribute("aria-controls", list.id);
  const buttons = items.map(({ label, note }) => {
    const item = /** @type {HTMLButtonElement} */ (cloneOne("menu-item"));
    const [text, more] = childrenOf(item);
    text.textContent = label;
    more.textContent = note;
    return item;
  });
  list.append(...buttons);

  const show = (/** @type {boolean} */ open) => {
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    list.style.translate = ""; // keep it inside the window
    const { left } = list.getBoundingClientRect();
    if (left < 4) list.style.translate = `${Math.ceil(4 - left)}px 0`;
    items.forEach((item, n) => {
      const why = item.ready?.() ?? "";
      buttons[n].disabled = why !== "";
      childrenOf(buttons[n])[1].textContent = why || item.note;
    });
  };
  button.addEventListener("click", () => show(list.hidden));
  list.addEventListener("click", async (event) => {
    const item = hit(event, ".menu-item", HTMLButtonElement);
    if (!item) return;
    show(false);
    button.focus();
    await runItem(button, items[buttons.indexOf(item)]);
  });
  root.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const enabled = buttons.filter((item) => !item.disabled);
    const at = enabled.findIndex((item) => item === document.activeElement);
    const to = moveOf(event, { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: enabled.length - 1 });
    if (to !== undefined && enabled.length) enabled[(to + enabled.length) % enabled.length].focus();
    else if (event.key === "Escape") { show(false); button.focus(); } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const isElsewhere = (/** @type {EventTarget|null} */ target) => target instanceof Node && !root.contains(target);
  document.addEventListener("pointerdown", (event) => { if (isElsewhere(event.target)) show(false); });
  root.addEventListener("focusout", (event) => { if (isElsewhere(event.relatedTarget)) show(false); });
}

/** Do it, say how it went; meanwhile the button cannot be used. @param {HTMLButtonElement} button @param {MenuItem} item */
async function runItem(button, { label, run }) {
  const announcer = byId("announcer");
  button.disabled = true;
  try {
    await run();
    announcer.textContent = `${label}: saved`;
  } catch (error) {
    announcer.textContent = `${label} failed: ${error instanceof Error ? error.message : error}`;
    throw error;
  } finally {
    button.disabled = false;
  }
}

/**
 * Save a file from the page; needs no network and works from file://.
 * @param {Blob} blob
 * @param {string} name
 */
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/**
 * A file name out of names of others: letters that every system takes.
 * @param {LensPage} record
 * @param {string} what
 * @param {string} ending
 * @param {string} [lens] by default the one that is shown, where there are several
 */
export function exportName(record, what, ending, lens = record.hasLenses ? record.lensTitle : "") {
  const clean = (/** @type {string} */ text) => text.normalize("NFKD").replace(/[^\w.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 60);
  const image = clean(String(record.meta.image?.name ?? "").replace(/\.\w+$/, ""));
  const model = clean(String(record.meta.model ?? "").split("/").at(-1) ?? "");
  return [image, model, clean(lens), clean(what)].filter(Boolean).join("_") + ending;
}
