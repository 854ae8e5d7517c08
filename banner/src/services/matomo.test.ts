import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Start, Tools } from './service.js';

interface Tracker {
  by: 'matomo' | 'piwik';
  url: string;
  siteId: number;
  mode?: string;
}

/** As a page gets it: each has its own. */
const codeOf = ({ by }: Tracker) => readFileSync(new URL(`../../embed/services/${by}.js`, import.meta.url), 'utf8');

interface Loading {
  src: string;
  came(came: boolean): void;
}

/** A page that loads nothing by itself. */
function page() {
  const loading: Loading[] = [];
  const window: Record<string, unknown> = {};
  Object.assign(globalThis, { window });
  const load = (src: string) => new Promise<boolean>((came) => loading.push({ src, came }));
  const tools: Tools = { load, gtag: () => assert.fail(), push: () => assert.fail() };
  return {
    loading,
    window,
    queue: () => window._paq as unknown[],
    start: (tracker: Tracker, granted = true) => {
      const start: Start<Tracker> = new Function(`return ${codeOf(tracker)}`)();
      return start(tracker, tools, granted);
    },
  };
}

const soon = () => new Promise((done) => setImmediate(done));
const matomo = { by: 'matomo', url: '/matomo/matomo.js', siteId: 1 } as const;
const piwik = { by: 'piwik', url: '/piwik/piwik.js', siteId: 2 } as const;
const ADDRESS = [
  ['setTrackerUrl', '/matomo/matomo.php'],
  ['setSiteId', 1],
];
const VIEW = [['trackPageView'], ['enableLinkTracking']];
const SILENCE = [['requireConsent'], ['disableCookies'], ['setTrackerUrl', 'data:,']];

test('Matomo owns the queue, Piwik comes after it by name, and both can be silenced', async () => {
  const { loading, window, queue, start } = page();
  const tellPiwik = start(piwik);
  const tellMatomo = start(matomo);
  await soon();
  assert.deepEqual(
    loading.map(({ src }) => src),
    ['/piwik/piwik.js'],
    'one script at a time',
  );

  const calls: unknown[] = [];
  const called = (name: string) => () => calls.push(name);
  window._paq = 'what piwik.js leaves behind';
  window.Piwik = {
    getTracker: (...args: unknown[]) => {
      calls.push(args);
      return {
        trackPageView: called('trackPageView'),
        enableLinkTracking: called('enableLinkTracking'),
        disableCookies: called('disableCookies'),
        setTrackerUrl: (url: string) => calls.push(url),
      };
    },
  };
  loading[0]?.came(true);
  await soon();
  assert.deepEqual(calls, [['/piwik/piwik.php', 2], 'trackPageView', 'enableLinkTracking']);
  assert.equal(loading[1]?.src, '/matomo/matomo.js');
  const former = queue();
  assert.deepEqual(former, [...ADDRESS, ['requireConsent'], ['setConsentGiven'], ...VIEW]);

  tellPiwik(false);
  tellMatomo(false);
  assert.deepEqual(calls.slice(-2), ['disableCookies', 'data:,']);
  assert.deepEqual(former.slice(-3), SILENCE);
  queue().push(['trackEvent']);
  assert.notEqual(queue(), former);
});

test('a no before its turn loads nothing', async () => {
  const { loading, queue, start } = page();
  start(matomo)(false);
  await soon();
  assert.deepEqual(loading, []);
  queue().push(['trackEvent']);
  assert.equal(queue().length, undefined, 'what the page still queues goes nowhere');
});

test('a yes after a no is for the next page: what was heard in between is nobody’s', async () => {
  const { queue, start } = page();
  const tell = start(matomo);
  await soon();
  const former = queue();
  tell(false);
  const silent = former.length;
  tell(true);
  assert.equal(former.length, silent);
  assert.notEqual(queue(), former);
});

test('with require_consent it is loaded at once, and sends when it is told of a yes', async () => {
  const { loading, queue, start } = page();
  const tell = start({ ...matomo, mode: 'require_consent' }, false);
  await soon();
  assert.equal(loading[0]?.src, '/matomo/matomo.js');
  assert.deepEqual(queue(), [...ADDRESS, ['requireConsent'], ...VIEW]);
  tell(true);
  assert.deepEqual(queue().at(-1), ['setConsentGiven']);
  const former = queue();
  tell(false);
  assert.deepEqual(former.slice(-3), SILENCE);
});

test('cookieless it neither stores nor reads anything of the browser, and all is as usual after a yes', async () => {
  const early = page();
  early.start({ ...matomo, mode: 'cookieless' }, false);
  await soon();
  assert.deepEqual(early.queue(), [...ADDRESS, ['disableCookies'], ['disableBrowserFeatureDetection'], ...VIEW]);
  const late = page();
  late.start({ ...matomo, mode: 'cookieless' });
  await soon();
  assert.deepEqual(late.queue(), [...ADDRESS, ['requireConsent'], ['setConsentGiven'], ...VIEW]);
});

test('a script that does not come leaves no commands behind for another tracker to run', async () => {
  const { loading, queue, start } = page();
  start(matomo);
  start(piwik);
  await soon();
  const former = queue();
  loading[0]?.came(false);
  await soon();
  assert.notEqual(queue(), former);
  assert.equal(loading[1]?.src, '/piwik/piwik.js');
});
