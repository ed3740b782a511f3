/**
 * The page's elements, by their kind. One that is missing is an error that names it, here and not
 * somewhere later: templates and scripts belong together. Knows no panel.
 */
import { spaceMarks, visibleText } from "./format.js";

/**
 * @template {Element} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export const byId = (id, kind) => part(document, `#${id}`, kind);

/**
 * The first element that matches.
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export function part(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${selector}`);
  return /** @type {Kind} */ (found);
}

/**
 * The first element that matches each.
 * @param {ParentNode} root
 * @param {string[]} selectors
 */
export const partsOf = (root, ...selectors) => selectors.map((selector) => part(root, selector));

/** The children of an element. @param {ParentNode} element */
export const childrenOf = (element) => /** @type {HTMLElement[]} */ ([...element.children]);

/** What a `<template>` holds, to be filled in. @param {string} id */
export const cloneAll = (id) => /** @type {DocumentFragment} */ (byId(id, HTMLTemplateElement).content.cloneNode(true));

/** The one element that a `<template>` holds, to be filled in. @param {string} id */
export const cloneOne = (id) => /** @type {HTMLElement} */ (byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true));

/**
 * As many clones of a template in an element as are needed, the old ones reused.
 * @param {HTMLElement} element
 * @param {string} id
 * @param {number} count
 */
export function clonesIn(element, id, count) {
  while (element.children.length > count) element.lastElementChild?.remove();
  while (element.children.length < count) element.append(cloneOne(id));
  return childrenOf(element);
}

/**
 * Write a token: a leading space as one quiet mark for all vocabularies. The text of the element stays
 * the vocabulary's own spelling, also when it is copied; the mark is drawn in its place (report.css).
 * @param {HTMLElement} element
 * @param {string} text
 */
export function writeToken(element, text) {
  const marks = spaceMarks(text);
  if (!marks) {
    element.textContent = visibleText(text);
    return;
  }
  const spaces = [...marks].map((mark) => {
    const space = document.createElement("span");
    space.className = marks === text ? "space-mark alone" : "space-mark";
    space.textContent = mark;
    return space;
  });
  element.replaceChildren(...spaces, text.slice(marks.length));
}

/**
 * The nearest element that matches, from where an event happened upwards.
 * @template {Element} [Kind=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @param {new () => Kind} [kind]
 * @returns {Kind|null}
 */
export function hit(event, selector, kind) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof (kind ?? HTMLElement) ? /** @type {Kind} */ (found) : null;
}

/**
 * The picture of the record; null where it has none.
 * @returns {HTMLImageElement|null}
 */
export const thePicture = () => document.querySelector("img#picture");

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
export function penOf(canvas, settings) {
  const pen = canvas.getContext("2d", settings);
  if (!pen) throw new Error("this browser gave no canvas to draw on");
  return pen;
}

/** What a key means among the moves that there are. @param {KeyboardEvent} event @param {Object<string, number>} moves */
export const moveOf = (event, moves) => (Object.hasOwn(moves, event.key) ? moves[event.key] : undefined);
