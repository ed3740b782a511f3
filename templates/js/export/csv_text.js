/**
 * Lines of fields → the text of a CSV file. Pure. A cell can never be taken for a formula.
 */

/**
 * One field of a CSV file. Text that a spreadsheet could run as a formula gets an apostrophe before it; numbers
 * are written as they are.
 * @param {string|number|null} value
 */
export function csvField(value) {
  if (value === null || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(value) ? `'${value}` : value;
  return /[",;\r\n\t]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {(string|number|null)[]} fields */
const csvLine = (fields) => `${fields.map(csvField).join(",")}\r\n`;
// a byte order mark: without it spreadsheets read UTF-8 as something else
const CSV_START = "\uFEFF";

/** Lines of fields as a CSV file. @param {(string|number|null)[][]} lines */
export const csvText = (lines) => CSV_START + lines.map(csvLine).join("");
