/**
 * Saying that the report cannot be shown. The rest of the page stays as it is without scripts.
 */

/** @param {string} text */
export function fail(text) {
  const notice = document.getElementById("failure");
  if (notice) {
    notice.hidden = false;
    notice.textContent = text;
  }
  document.documentElement.dataset.state = "failed";
}
