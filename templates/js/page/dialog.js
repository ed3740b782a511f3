/**
 * Dialogs and menus of the header: open, close, keep the focus. Knows nothing of what they say.
 */

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
    if (beside || event.target.closest(".dialog-close")) dialog.close();
  });
}

/**
 * Names and values; a value that is empty is left out.
 * @param {HTMLElement} list a <dl>
 * @param {[string, string][]} facts
 */
export function fillFacts(list, facts) {
  const template = document.getElementById("fact");
  list.replaceChildren(...facts.filter(([, value]) => value !== "").map(([name, value]) => {
    const item = template.content.firstElementChild.cloneNode(true);
    item.firstElementChild.textContent = name;
    item.lastElementChild.textContent = value;
    return item;
  }));
}

/**
 * A button that unfolds a few actions.
 * @param {HTMLElement} root
 * @param {string} name on the button
 * @param {{label: string, note: string, ready?: () => string, run: () => void|Promise<void>}[]} items
 *   ready: why it cannot be done now, or ""
 */
export function wireMenu(root, name, items) {
  root.append(document.getElementById("menu-frame").content.cloneNode(true));
  const [button, list] = root.children;
  button.textContent = name;
  list.id = `${root.id}-list`;
  button.setAttribute("aria-controls", list.id);
  list.append(...items.map(({ label, note }) => {
    const item = document.getElementById("menu-item").content.firstElementChild.cloneNode(true);
    item.firstElementChild.textContent = label;
    item.lastElementChild.textContent = note;
    return item;
  }));

  const show = (open) => {
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    list.style.translate = ""; // keep it inside the window
    const { left } = list.getBoundingClientRect();
    if (left < 4) list.style.translate = `${Math.ceil(4 - left)}px 0`;
    items.forEach((item, n) => {
      const why = item.ready?.() ?? "";
      list.children[n].disabled = why !== "";
      list.children[n].lastElementChild.textContent = why || item.note;
    });
  };
  button.addEventListener("click", () => show(list.hidden));
  list.addEventListener("click", async (event) => {
    const item = event.target.closest(".menu-item");
    if (!item) return;
    show(false);
    button.focus();
    button.disabled = true;
    try {
      await items[[...list.children].indexOf(item)].run();
      document.getElementById("announcer").textContent = `${item.firstElementChild.textContent}: saved`;
    } catch (error) {
      document.getElementById("announcer").textContent = `${item.firstElementChild.textContent} failed: ${error.message}`;
      throw error;
    } finally {
      button.disabled = false;
    }
  });
  root.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const enabled = [...list.children].filter((item) => !item.disabled);
    const at = enabled.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: enabled.length - 1 }[event.key];
    if (to !== undefined && enabled.length) enabled[(to + enabled.length) % enabled.length].focus();
    else if (event.key === "Escape") { show(false); button.focus(); } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => { if (!root.contains(event.target)) show(false); });
  root.addEventListener("focusout", (event) => { if (event.relatedTarget && !root.contains(event.relatedTarget)) show(false); });
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
 */
export function exportName(record, what, ending) {
  const clean = (text) => text.normalize("NFKD").replace(/[^\w.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 60);
  const image = clean(String(record.meta.image?.name ?? "").replace(/\.\w+$/, ""));
  const model = clean(String(record.meta.model ?? "").split("/").at(-1));
  return [image, model, clean(what)].filter(Boolean).join("_") + ending;
}
