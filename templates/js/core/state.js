/**
 * The one state object: what is chosen, who wants to know, and the address that says so. Knows no
 * panel. Tested without a browser: the window and the clock are handed in.
 */
import { DEFAULTS, fromHash, isSaved, sameValue, toHash } from "./state_values.js";
/** @import { StateSizes, StateValues } from "./state_values.js" */

// a change of one of these is a step that "back" undoes; the others only amend the address
const STEPS = new Set(["cell", "pins", "lens", "colour", "tokens", "rows", "region", "word", "view", "zoomedOut"]);

/** @typedef {Set<keyof StateValues>} Changed the keys of a subscriber that changed */

/** Whether the page lies in a frame that was given its text (a notebook's): no link leads there. @param {Window} page */
export const hasNoAddress = (page) => page.location.protocol === "about:";

export class State {
  /** @type {{keys: Changed, draw: (changed: Changed) => void, changed: Changed}[]} */
  #subscribers = [];
  #frame = 0;
  #timer = 0;
  #isStep = false;
  #page;
  #sizes;
  #start;
  #values;

  /**
   * @param {Partial<StateValues>} start values that differ from DEFAULTS for this report
   * @param {StateSizes} sizes
   * @param {Window} page gives requestAnimationFrame, setTimeout, location, history
   */
  constructor(start, sizes, page) {
    this.#page = page;
    this.#sizes = sizes;
    /** @type {StateValues} */
    this.#start = { ...DEFAULTS, ...start };
    this.#values = fromHash(page.location.hash, this.#start, sizes);
    for (const event of ["popstate", "hashchange"]) page.addEventListener(event, () => this.#readHash());
  }

  /**
   * @template {keyof StateValues} Key
   * @param {Key} key
   * @returns {StateValues[Key]}
   */
  get(key) { return this.#values[key]; }

  /** All values; do not change them. */
  all() { return this.#values; }

  /**
   * Change some keys. Draws follow in the next frame, the hash a quarter of a second later
   * (browsers limit how often an address may change).
   * @param {Partial<StateValues>} change
   */
  set(change) {
    const saved = this.#assign(change).filter(isSaved);
    if (saved.length === 0) return;
    this.#isStep ||= saved.some((key) => STEPS.has(key));
    this.#timer ||= this.#page.setTimeout(() => this.#writeHash(), 250);
  }

  /**
   * Call `draw(changedKeys)` in the next frame, and once per frame in which a key changed.
   * @param {(keyof StateValues)[]} keys
   * @param {(changed: Changed) => void} draw
   */
  on(keys, draw) {
    this.#subscribers.push({ keys: new Set(keys), draw, changed: new Set(keys) });
    this.#askForFrame();
  }

  /** Draw at once what would be drawn in the next frame: paper does not wait for it. */
  drawNow() {
    this.#frame = 0;
    for (const subscriber of this.#subscribers) {
      if (subscriber.changed.size === 0) continue;
      const { changed } = subscriber;
      subscriber.changed = new Set();
      subscriber.draw(changed);
    }
  }

  /** The address of this view, for "link". */
  link() {
    this.#writeHash();
    return this.#page.location.href;
  }

  #askForFrame() {
    this.#frame ||= this.#page.requestAnimationFrame(() => this.drawNow());
  }

  /** @param {Partial<StateValues>} change @returns {(keyof StateValues)[]} those that did change */
  #assign(change) {
    const keys = /** @type {(keyof StateValues)[]} */ (Object.keys(change)).filter((key) => {
      if (!Object.hasOwn(DEFAULTS, key)) throw new Error(`no such state: ${key}`);
      return !sameValue(this.#values[key], change[key]);
    });
    if (keys.length === 0) return keys;
    this.#values = { ...this.#values, ...change };
    for (const subscriber of this.#subscribers) {
      for (const key of keys) if (subscriber.keys.has(key)) subscriber.changed.add(key);
    }
    this.#askForFrame();
    return keys;
  }

  #writeHash() {
    this.#timer = 0;
    // an empty hash would scroll to the top of the page
    const hash = `#${toHash(this.#values, this.#start) || "-"}`;
    const { location, history } = this.#page;
    if (hash === location.hash || (hash === "#-" && !location.hash)) return;
    const wasStep = this.#isStep;
    this.#isStep = false;
    if (hasNoAddress(this.#page)) return;
    history[wasStep ? "pushState" : "replaceState"](null, "", hash);
  }

  #readHash() {
    const { dark, paper, playing } = this.#values;
    const next = fromHash(this.#page.location.hash, this.#start, this.#sizes);
    // what was hovered belongs to the selection that is left
    const hover = sameValue(next.cell, this.#values.cell) ? this.#values.hover : null;
    this.#assign({ ...next, hover, dark, paper, playing });
  }
}
