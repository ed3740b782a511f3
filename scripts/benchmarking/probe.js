/**
 * Put into a page before its own scripts: when it was ready, how long it takes to answer.
 * Every time ends at the second animation frame after the event: by then the first has been
 * painted. Does not know which page it is in.
 */
(() => {
  const CELLS = ".grid-canvas, td";
  const nextFrame = () => new Promise((done) => { requestAnimationFrame(done); });
  const painted = async () => { await nextFrame(); await nextFrame(); return performance.now(); };
  const tasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });

  const soon = (promise) => Promise.race([promise, new Promise((_, fail) => {
    setTimeout(() => fail(new Error("the page did not answer within two minutes")), 120_000);
  })]);
  let isReady;

  const probe = {
    /** Milliseconds from navigation until the page says it is ready and its cells are painted. */
    ready: new Promise((done) => { isReady = done; }),
    /** Milliseconds from the last expected event to its paint. */
    answer: Promise.resolve(0),
    soon,
    /** The longest task (ms) since the last call. */
    longestTask() { return Math.max(0, ...tasks.splice(0)); },
    /** The next such event starts the clock; `answered` says when to look for the paint. */
    expect(kind, answered = () => true) {
      probe.answer = new Promise((done) => {
        document.addEventListener(kind, async (event) => {
          while (!answered()) await nextFrame();
          done(await painted() - event.timeStamp);
        }, { capture: true, once: true });
      });
    },
    /**
     * The middle of what can be seen of a cell, in the pane and the window; where all cells are
     * painted on one canvas, a point of that.
     */
    visibleCell(cells, pane, share) {
      const frame = document.querySelector(pane).getBoundingClientRect();
      const [right, bottom] = [Math.min(frame.right, innerWidth), Math.min(frame.bottom, innerHeight)];
      const seen = [...document.querySelectorAll(cells)]
        .map((cell) => cell.getBoundingClientRect())
        .map((box) => {
          const [left, top] = [Math.max(box.left, frame.left), Math.max(box.top, frame.top)];
          return { left, top, width: Math.min(box.right, right) - left, height: Math.min(box.bottom, bottom) - top };
        })
        .filter((part) => part.width > 8 && part.height > 8);
      const part = seen[Math.floor(share * (seen.length - 1))];
      const at = seen.length === 1 ? 0.45 + share / 2 : 0.5; // below the heading of the image block
      return [part.left + at * part.width, part.top + at * part.height];
    },
    /** As `expect`, for a tooltip that must show something else than now. */
    expectTooltip(selector) {
      const tooltip = document.querySelector(selector);
      const text = tooltip.textContent;
      probe.expect("mousemove", () => tooltip.offsetHeight > 0 && tooltip.textContent !== text);
    },
    /** Scroll by a step every frame, there and back; resolves to the longest frame (ms). */
    async scroll(selector, frames) {
      const pane = document.querySelector(selector);
      let [longest, before] = [0, await nextFrame()];
      for (let i = 0; i < frames; i += 1) {
        pane.scrollTop += (i < frames / 2 ? 1 : -1) * pane.clientHeight * 0.7;
        pane.scrollLeft += (i < frames / 2 ? 1 : -1) * 40;
        const now = await nextFrame();
        [longest, before] = [Math.max(longest, now - before), now];
      }
      return longest;
    },
  };
  window.probe = probe;
  const observer = new MutationObserver(async () => {
    if (document.documentElement?.dataset.state !== "ready") return;
    observer.disconnect();
    while (![...document.querySelectorAll(CELLS)].some((cell) => cell.offsetHeight)) await nextFrame();
    isReady(await painted());
  });
  observer.observe(document, { attributes: true, childList: true, subtree: true });
})();
