// Main-thread time of the scripts of one page, out of a trace of Chromium.

/** Scripts that are compiled or run, functions that the browser calls, and what follows from promises. */
const SCRIPT = /^(EvaluateScript|FunctionCall|RunMicrotasks|v8\.compile|v8\.compileModule|v8\.evaluateModule)$/;

/** Milliseconds of this page's main thread in which one of its scripts ran or was compiled; the stand-ins for tags are not the banner's. */
export function scriptMs(events, origin, name) {
  const main = events.find(
    ({ name: event, args }) => event === 'ParseHTML' && args.beginData?.url === `${origin}/${name}`,
  );
  if (!main) throw new Error(`no page of ${name} in the trace`);
  const spans = events
    .filter(({ pid, tid, ph, name: event }) => pid === main.pid && tid === main.tid && ph === 'X' && SCRIPT.test(event))
    .filter(({ name: event, args }) => {
      const url = args.data?.url ?? args.fileName ?? '';
      return event === 'RunMicrotasks' || (url.startsWith(origin) && !url.includes('/tag/'));
    })
    .map(({ ts, dur }) => [ts, ts + dur])
    .sort(([a], [b]) => a - b);
  let total = 0;
  let upTo = 0;
  // Calls stand within each other: each moment counts once.
  for (const [from, to] of spans) {
    if (to <= upTo) continue;
    total += to - Math.max(from, upTo);
    upTo = to;
  }
  return total / 1000;
}
