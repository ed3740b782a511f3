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

/**
 * Do work piece by piece, a few milliseconds per frame, so that nothing else has to wait.
 * @param {number} count
 * @param {(n: number) => void} each
 * @param {() => void} [done] when all is done
 * @returns {() => void} stops it
 */
export function inSlices(count, each, done = () => {}) {
  let n = 0;
  let stopped = false;
  function slice() {
    if (stopped) return;
    const start = performance.now();
    while (n < count && performance.now() - start < 8) each(n++);
    if (n < count) requestAnimationFrame(slice);
    else done();
  }
  slice();
  return () => { stopped = true; };
}
