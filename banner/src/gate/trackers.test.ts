import assert from 'node:assert/strict';
import { test } from 'node:test';

interface Script {
  src: string;
  onload(): void;
  onerror(): void;
}

/** A page that loads nothing by itself. */
async function page() {
  const scripts: Script[] = [];
  const window: Record<string, unknown> = {};
  const document = {
    currentScript: null,
    createElement: () => ({}),
    head: { append: (script: Script) => scripts.push(script) },
  };
  Object.assign(globalThis, { window, document });
  const { startTracker } = await import('./trackers.js');
  return { scripts, window, startTracker };
}

const soon = () => new Promise((done) => setImmediate(done));
const matomo = { id: 'm', kind: 'matomo', purpose: 'analytics', url: '/matomo/', siteId: 1 } as const;
const piwik = { id: 'p', kind: 'piwik', purpose: 'analytics', url: '/piwik/', siteId: 2 } as const;

test('Matomo owns the queue, Piwik comes after it by name, and both can be silenced', async () => {
  const { scripts, window, startTracker } = await page();
  const silencePiwik = startTracker(piwik);
  const silenceMatomo = startTracker(matomo);
  await soon();
  assert.deepEqual(
    scripts.map(({ src }) => src),
    ['/piwik/piwik.js'],
    'one script at a time',
  );

  const calls: unknown[] = [];
  window._paq = 'what piwik.js leaves behind';
  window.Piwik = {
    getTracker: (...args: unknown[]) => {
      calls.push(args);
      return {
        trackPageView: () => calls.push('trackPageView'),
        enableLinkTracking: () => calls.push('enableLinkTracking'),
        setTrackerUrl: (url: string) => calls.push(url),
      };
    },
  };
  scripts[0]?.onload();
  await soon();
  assert.deepEqual(calls, [['/piwik/piwik.php', 2], 'trackPageView', 'enableLinkTracking']);
  assert.equal(scripts[1]?.src, '/matomo/matomo.js');
  const queue = window._paq as unknown[];
  assert.deepEqual(queue.slice(0, 4), [
    ['setTrackerUrl', '/matomo/matomo.php'],
    ['setSiteId', 1],
    ['requireConsent'],
    ['setConsentGiven'],
  ]);

  silencePiwik();
  silenceMatomo();
  assert.equal(calls.at(-1), 'data:,');
  assert.deepEqual(queue.at(-1), ['setTrackerUrl', 'data:,']);
  (window._paq as unknown[]).push(['trackEvent']);
  assert.notEqual(window._paq, queue);
});
