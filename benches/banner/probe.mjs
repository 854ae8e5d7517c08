/**
 * Runs in the page before anything else. `path` leads to the banner: a selector for each shadow root on the way. The same for
 * all: what is seen is looked at in every frame, and a time is taken once that frame is painted.
 */
export function probe(path) {
  const longTasks = [];
  let shift = 0;
  let clicked = false;
  let clickToPaint;
  let paintedAt;
  let lastTop;

  const find = (path) =>
    path.reduce((root, selector) => root && (root.shadowRoot ?? root).querySelector(selector), document);

  const opacity = (element) => {
    let shown = 1;
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) shown *= getComputedStyle(at).opacity;
    return shown;
  };

  const isVisible = (element) => {
    if (!element) return false;
    const { top, bottom, width, height } = element.getBoundingClientRect();
    const onScreen = width > 0 && height > 0 && top < innerHeight && bottom > 0;
    return onScreen && getComputedStyle(element).visibility === 'visible' && opacity(element) > 0;
  };

  // From within a frame: after it is painted. From elsewhere: after the next one is.
  const onceThisFrameIsPainted = (then) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => then(performance.now());
    port2.postMessage(0);
  };

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });

  addEventListener(
    'click',
    ({ timeStamp }) => {
      clicked = true;
      requestAnimationFrame(() =>
        onceThisFrameIsPainted((now) => {
          paintedAt = now;
          clickToPaint = now - timeStamp;
        }),
      );
    },
    true,
  );

  // Tag scripts that come into the page in one task were started in one go.
  let task = 0;
  const startedIn = new Map();
  new MutationObserver((records) => {
    const tags = records.flatMap(({ addedNodes }) => [...addedNodes]).filter(({ src }) => src?.includes('/tag/'));
    if (!clicked || !tags.length) return;
    startedIn.set(task, (startedIn.get(task) ?? 0) + tags.length);
    // Urgent, so that it comes before whatever else waits for its turn.
    scheduler.postTask(
      () => {
        task += 1;
      },
      { priority: 'user-blocking' },
    );
  }).observe(document, { childList: true, subtree: true });

  const bench = {
    visible: 0,
    find,
    /** The middle of a button once it neither moves nor fades, and would take a click. */
    restingPlace(button) {
      const { left, top, width, height } = button.getBoundingClientRect();
      const place = { x: left + width / 2, y: top + height / 2 };
      const rests = width > 0 && lastTop === top && opacity(button) > 0.99;
      lastTop = top;
      return rests && button.contains(button.getRootNode().elementFromPoint(place.x, place.y)) && place;
    },
    read() {
      const tags = performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes('/tag/'))
        .map(({ startTime }) => startTime);
      return {
        visible: bench.visible || undefined,
        shift,
        longTasks: longTasks.length,
        clickToPaint,
        tagsBeforePaint: paintedAt && tags.filter((start) => start < paintedAt).length,
        tagsAtOnce: paintedAt && Math.max(...startedIn.values()),
      };
    },
  };
  window.bench = bench;

  if (path.length) {
    const look = () =>
      requestAnimationFrame(() => {
        if (!isVisible(find(path))) return look();
        onceThisFrameIsPainted((now) => {
          bench.visible = now;
        });
      });
    look();
  }
}
