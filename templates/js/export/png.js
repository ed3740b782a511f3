/**
 * An SVG as PNG, at the resolution of print.
 */
import { penOf } from "../core/dom.js";

const PRINT = 300 / 96; // a PNG has 300 dots per inch

/** The SVG drawn on a canvas, with the dots that print wants. @param {string} text @param {number} width @param {number} height @returns {Promise<Blob>} */
export async function svgPng(text, width, height) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * PRINT);
  canvas.height = Math.round(height * PRINT);
  penOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser gave no picture"))), "image/png");
  });
}
