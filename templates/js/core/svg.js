/**
 * SVG by script.
 */

const SVG_NAME = "http://www.w3.org/2000/svg";

/**
 * An SVG element with attributes; text only as a text node.
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Object<string, string|number>} [attributes]
 * @param {string|null} [text]
 * @returns {SVGElementTagNameMap[Name]}
 */
export function svgElement(name, attributes = {}, text = null) {
  const element = document.createElementNS(SVG_NAME, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== null) element.append(text);
  return element;
}
