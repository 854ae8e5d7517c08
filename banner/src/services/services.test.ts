import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as clarity from './clarity.js';
import * as embeds from './embeds.js';
import * as generic from './generic.js';
import * as google from './google.js';
import * as hotjar from './hotjar.js';
import * as hubspot from './hubspot.js';
import * as linkedin from './linkedin.js';
import * as matomo from './matomo.js';
import * as meta from './meta.js';
import * as piwik from './piwik.js';
import * as piwikPro from './piwik-pro.js';
import type { About, Start } from './service.js';
import * as snap from './snap.js';
import * as tiktok from './tiktok.js';
import * as uet from './uet.js';
import * as x from './x.js';

const all: { kinds: Record<string, About>; start?: unknown }[] = [
  clarity,
  embeds,
  generic,
  google,
  hotjar,
  hubspot,
  linkedin,
  matomo,
  meta,
  piwik,
  piwikPro,
  snap,
  tiktok,
  uet,
  x,
];

/** Starts a service on a page of its own. There is no document: whoever wants one fails. */
async function run<S>(start: Start<S>, service: S, granted = true) {
  const window: Record<string, unknown> = {};
  const loaded: string[] = [];
  const layer: unknown[] = [];
  let came = (_: boolean) => {};
  Object.assign(globalThis, { window });
  const tools = {
    load: (src: string) => {
      loaded.push(src);
      return new Promise<boolean>((done) => {
        came = done;
      });
    },
    gtag: ((...command: unknown[]) => layer.push(command)) as Gtag.Gtag,
    push: (entry: object) => layer.push(entry),
  };
  const tell = start(service, tools, granted);
  await new Promise((done) => setImmediate(done));
  const arrive = async () => {
    came(true);
    await new Promise((done) => setImmediate(done));
  };
  return { tell, window, loaded, layer, arrive };
}

test('every kind has all its data', () => {
  const kinds = all.flatMap((file) => Object.entries(file.kinds).map(([kind, about]) => ({ kind, about, file })));
  assert.equal(new Set(kinds.map(({ kind }) => kind)).size, kinds.length, 'no kind twice');
  assert.equal(kinds.length, 22);
  for (const { kind, about, file } of kinds) {
    const { vendor, policy, country, hosts, cookies, storage = [], key, url, modes, warning } = about;
    assert.match(kind, /^[a-z0-9-]+$/);
    if (vendor) {
      assert.match(policy ?? '', /^https:\/\//, kind);
      assert.match(country ?? '', /^[A-Z]{2}$/, kind);
      assert.ok(about.name && hosts.length, kind);
    } else {
      assert.equal(policy ?? country, undefined, `${kind} is the controller's own`);
      assert.ok(url || !file.start, kind);
    }
    for (const host of hosts) assert.match(host, /^[a-z0-9-]+(\.[a-z0-9-]+)+$/, kind);
    for (const { name, days, domain } of cookies) {
      assert.match(name, /^[\w-]+\*?$/, kind);
      assert.ok(days >= 0 && days <= 730, `${kind}: ${name}`);
      if (domain) assert.match(domain, /^[a-z.]+\.[a-z]+$/, kind);
    }
    for (const name of storage) assert.match(name, /^[\w-]+\*?$/, kind);
    if (key) {
      assert.ok(key.example.startsWith(key.prefix), kind);
      assert.ok(
        [...key.example.slice(key.prefix.length)].every((c) => key.characters.includes(c)),
        kind,
      );
    }
    assert.ok(!modes || modes.length > 1, kind);
    assert.equal(modes?.[0]?.warning, undefined, `the usual way of ${kind} needs no warning`);
    for (const text of [warning, ...(modes ?? []).slice(1).map((mode) => mode.warning)]) {
      if (text) assert.match(text, /^[a-zA-Z].*[^.]$/, kind);
    }
  }
});

test('Google: told and loaded, switched off on a no and on again', async () => {
  const { tell, window, loaded, layer } = await run(google.start, { key: 'G-1' });
  assert.deepEqual(loaded, ['https://www.googletagmanager.com/gtag/js?id=G-1']);
  assert.deepEqual(
    (layer as unknown[][]).map(([verb, what]) => (verb === 'js' ? verb : [verb, what])),
    ['js', ['config', 'G-1']],
  );
  assert.equal(window['ga-disable-G-1'], undefined);
  tell(false);
  assert.equal(window['ga-disable-G-1'], true);
  tell(true);
  assert.equal(window['ga-disable-G-1'], false);
});

test('Google: a tag manager has its own event and script, and any script may come from elsewhere', async () => {
  const manager = await run(google.start, { key: 'GTM-1' });
  assert.deepEqual(manager.loaded, ['https://www.googletagmanager.com/gtm.js?id=GTM-1']);
  assert.deepEqual(Object.keys(manager.layer[0] as object), ['gtm.start', 'event']);
  const proxied = await run(google.start, { key: 'AW-1', url: '/tag.js?id=AW-1' });
  assert.deepEqual(proxied.loaded, ['/tag.js?id=AW-1']);
});

test('Piwik PRO: its types follow the purpose, each decision once', async () => {
  const service = { purpose: 'analytics', key: 'a-b', url: 'https://x.piwik.pro/' };
  const { tell, loaded, layer } = await run(piwikPro.start, service);
  assert.deepEqual(loaded, ['https://x.piwik.pro/a-b.js']);
  const decisions = (layer: unknown[]) =>
    (layer as { event: string; parameters: [{ consents: object }] }[])
      .filter(({ event }) => event === 'ppms.cm:setComplianceSettings')
      .map(({ parameters }) => parameters[0].consents);
  assert.equal((layer[0] as { event: string }).event, 'stg.start');
  tell(false);
  tell(true);
  assert.deepEqual(decisions(layer), [
    { analytics: { status: 1 } },
    { analytics: { status: 0 } },
    { analytics: { status: 1 } },
  ]);
  const ads = await run(piwikPro.start, { ...service, purpose: 'advertising' });
  assert.deepEqual(Object.keys(decisions(ads.layer)[0] ?? {}), [
    'analytics',
    'conversion_tracking',
    'marketing_automation',
    'remarketing',
  ]);
});

test('Microsoft Advertising: denied first, then granted; silent after a no', async () => {
  const { tell, window, loaded, arrive } = await run(uet.start, { key: '12' });
  const queue = window.uetq as unknown[];
  const denied = { ad_storage: 'denied' };
  const granted = { ad_storage: 'granted' };
  assert.deepEqual(loaded, ['https://bat.bing.com/bat.js']);
  assert.deepEqual(queue, ['consent', 'default', denied, 'consent', 'update', granted]);
  const calls: unknown[] = [];
  window.UET = class {
    constructor(settings: object) {
      calls.push(settings);
    }
    push(...entry: unknown[]) {
      calls.push(...entry);
    }
  };
  await arrive();
  assert.deepEqual(calls, [{ ti: '12', q: queue }, 'pageLoad']);
  tell(false);
  assert.deepEqual(calls.slice(2), ['consent', 'update', denied]);
  (window.uetq as unknown[]).push('event', 'after', {});
  assert.equal(calls.length, 5);
  tell(true);
  (window.uetq as unknown[]).push('event');
  assert.deepEqual(calls.slice(5), ['consent', 'update', granted, 'event']);
});

test('Microsoft Advertising: a no while its script is under way starts nothing', async () => {
  const { tell, window, arrive } = await run(uet.start, { key: '12' });
  window.UET = class {
    constructor() {
      assert.fail();
    }
  };
  tell(false);
  await arrive();
});

test('Clarity: measuring alone is granted, unless it is there for advertising; stopped on a no', async () => {
  const { tell, window, loaded } = await run(clarity.start, { purpose: 'analytics', key: 'ab' });
  const queue = () => (window.clarity as { q: unknown[] }).q;
  assert.deepEqual(loaded, ['https://www.clarity.ms/tag/ab']);
  assert.deepEqual(queue(), [['consentv2', { ad_Storage: 'denied', analytics_Storage: 'granted' }]]);
  tell(false);
  assert.deepEqual(queue().slice(1), [['consentv2', { ad_Storage: 'denied', analytics_Storage: 'denied' }], ['stop']]);
  tell(true);
  assert.deepEqual(queue().slice(3), [['consentv2', { ad_Storage: 'denied', analytics_Storage: 'granted' }]]);
  const ads = await run(clarity.start, { purpose: 'advertising', key: 'ab' });
  assert.deepEqual((ads.window.clarity as { q: unknown[] }).q, [
    ['consentv2', { ad_Storage: 'granted', analytics_Storage: 'granted' }],
  ]);
});

test('Meta: revoked before it knows its id, then granted; told of every change', async () => {
  const { tell, window, loaded } = await run(meta.start, { key: '12' });
  const fbq = window.fbq as { queue: unknown[]; callMethod: unknown };
  assert.deepEqual(loaded, ['https://connect.facebook.net/en_US/fbevents.js']);
  assert.deepEqual(fbq.queue, [
    ['consent', 'revoke'],
    ['init', '12'],
    ['track', 'PageView'],
    ['consent', 'grant'],
  ]);
  const calls: unknown[] = [];
  fbq.callMethod = (...command: unknown[]) => calls.push(command);
  tell(false);
  tell(true);
  assert.deepEqual(calls, [
    ['consent', 'revoke'],
    ['consent', 'grant'],
  ]);
});

test('TikTok: held before its page view, then granted; told of every change by whatever took the stub’s place', async () => {
  const { tell, window, loaded } = await run(tiktok.start, { key: 'C1' });
  const ttq = window.ttq as unknown[] & Record<string, Record<string, unknown>>;
  assert.deepEqual(loaded, ['https://analytics.tiktok.com/i18n/pixel/events.js?sdkid=C1&lib=ttq']);
  assert.deepEqual([...ttq], [['holdConsent'], ['page'], ['grantConsent']]);
  assert.deepEqual(Object.keys(ttq._i ?? {}), ['C1']);
  assert.deepEqual(Object.keys(ttq._o ?? {}), ['C1']);
  const calls: string[] = [];
  window.ttq = { revokeConsent: () => calls.push('revoke'), grantConsent: () => calls.push('grant') };
  tell(false);
  tell(true);
  assert.deepEqual(calls, ['revoke', 'grant']);
});

test('HubSpot: asks nobody again, tracks, and does not after a no', async () => {
  const { tell, window, loaded } = await run(hubspot.start, { key: '12' });
  assert.deepEqual(loaded, ['https://js.hs-scripts.com/12.js']);
  assert.equal(window.disableHubSpotCookieBanner, true);
  const track = ['doNotTrack', { track: true }];
  assert.deepEqual(window._hsq, [track]);
  assert.deepEqual(window._hsp, []);
  tell(false);
  tell(true);
  assert.deepEqual(window._hsq, [track, ['doNotTrack'], track]);
  assert.deepEqual(window._hsp, [['revokeCookieConsent']]);
  const eu = await run(hubspot.start, { key: '12', url: 'https://js-eu1.hs-scripts.com/12.js' });
  assert.deepEqual(eu.loaded, ['https://js-eu1.hs-scripts.com/12.js']);
});

test('what knows no consent is only loaded, and a no reloads the page', async () => {
  const page = await run(linkedin.start, { key: '12' });
  assert.deepEqual(page.loaded, ['https://snap.licdn.com/li.lms-analytics/insight.min.js']);
  assert.deepEqual(page.window._linkedin_data_partner_ids, ['12']);

  const twitter = await run(x.start, { key: 'o1' });
  assert.deepEqual(twitter.loaded, ['https://static.ads-twitter.com/uwt.js']);
  assert.deepEqual((twitter.window.twq as { queue: unknown[] }).queue, [['config', 'o1']]);

  const snapchat = await run(snap.start, { key: 'a-b' });
  assert.deepEqual(snapchat.loaded, ['https://sc-static.net/scevent.min.js']);
  assert.deepEqual((snapchat.window.snaptr as { queue: unknown[] }).queue, [
    ['init', 'a-b'],
    ['track', 'PAGE_VIEW'],
  ]);

  const jar = await run(hotjar.start, { key: '12' });
  assert.deepEqual(jar.loaded, ['https://static.hotjar.com/c/hotjar-12.js?sv=6']);
  assert.deepEqual(jar.window._hjSettings, { hjid: 12, hjsv: 6 });

  const script = await run(generic.start, { kind: 'script', url: '/chat.js' });
  assert.deepEqual(script.loaded, ['/chat.js']);

  for (const { tell } of [page, twitter, snapchat, jar, script]) tell(false);
  for (const kinds of [linkedin.kinds, x.kinds, snap.kinds, hotjar.kinds]) {
    assert.ok(Object.values(kinds).every(({ reload }) => reload));
  }
  assert.ok(generic.kinds.script?.reload);
});

test('a pixel is an image', async () => {
  const images: { src?: string }[] = [];
  Object.assign(globalThis, {
    Image: class {
      src?: string;
      constructor() {
        images.push(this);
      }
    },
  });
  const { loaded } = await run(generic.start, { kind: 'pixel', url: '/p.gif' });
  assert.deepEqual(loaded, []);
  assert.deepEqual(
    images.map(({ src }) => src),
    ['/p.gif'],
  );
});
