/**
 * Long work in small pieces, so that the page stays alive, and no work twice. Pure but for the clock.
 */

/**
 * Run a generator to its end, a few milliseconds at a time.
 * @template T
 * @param {Generator<number, T>} steps
 * @param {() => boolean} [stopped] give up (the result is then null)
 * @returns {Promise<T|null>}
 */
export async function runSteps(steps, stopped = () => false) {
  let step = steps.next();
  while (!step.done) {
    const start = performance.now();
    while (!step.done && performance.now() - start < 12) step = steps.next();
    if (step.done) break;
    // a timer, not a frame: work goes on in a tab that is not looked at
    await new Promise((resolve) => { setTimeout(resolve, 0); });
    if (stopped()) return null;
  }
  return step.value;
}

/**
 * A drawing that may be asked for as often as things change: it is done once for all that asked in
 * the same task, after them and before the browser paints.
 * @param {() => void} draw
 * @returns {() => void} asks for it
 */
export function drawOnce(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    queueMicrotask(() => {
      asked = false;
      draw();
    });
  };
}
