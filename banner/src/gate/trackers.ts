// Matomo and the older Piwik.
//
// piwik.js runs, and replaces, whatever queue it finds in `_paq`, and throws on Matomo's newer commands. So tracker scripts
// load one at a time, the first Matomo alone owns `_paq`, and every other tracker is made by name from its own script.

import type { Tracker } from './config.js';
import { load } from './load.js';
import type { Silence } from './services.js';

declare global {
  interface Window {
    _paq?: { push(...commands: unknown[][]): unknown } | undefined;
    Piwik?: { getTracker(url: string, siteId: number | string): NamedTracker };
  }
}

interface NamedTracker {
  trackPageView(): void;
  enableLinkTracking(): void;
  setTrackerUrl(url: string): void;
  /** Old versions lack it. */
  disableCookies?(): void;
}

let turn: Promise<void> = Promise.resolve();
let owned = false;

export function startTracker({ kind, url, siteId }: Tracker): Silence {
  const owner = kind === 'matomo' && !owned;
  owned ||= owner;
  const script = `${url}${kind}.js`;
  const endpoint = `${url}${kind}.php`;
  let silent = false;
  let silence: Silence = () => {};

  async function queue() {
    silence = silenceQueue;
    fillQueue(endpoint, siteId);
    if (!(await load(script))) silenceQueue();
  }

  async function name() {
    const pageQueue = window._paq;
    const loaded = await load(script);
    window._paq = pageQueue;
    if (!loaded || silent || !window.Piwik) return;
    const tracker = window.Piwik.getTracker(endpoint, siteId);
    silence = () => {
      // It goes on hearing clicks, and would write its cookies again.
      tracker.disableCookies?.();
      tracker.setTrackerUrl('data:,');
    };
    tracker.trackPageView();
    tracker.enableLinkTracking();
  }

  turn = turn.then(() => (silent ? undefined : owner ? queue() : name())).catch(console.warn);
  return () => {
    silent = true;
    silence();
  };
}

function fillQueue(endpoint: string, siteId: number | string): void {
  window._paq ||= [];
  window._paq.push(
    ['setTrackerUrl', endpoint],
    ['setSiteId', siteId],
    ['requireConsent'],
    ['setConsentGiven'],
    ['trackPageView'],
    ['enableLinkTracking'],
  );
}

function silenceQueue(): void {
  window._paq?.push(['requireConsent'], ['disableHeartBeatTimer'], ['deleteCookies'], ['setTrackerUrl', 'data:,']);
  // What queues after a refusal would be sent after a later grant.
  window._paq = { push() {} };
}
