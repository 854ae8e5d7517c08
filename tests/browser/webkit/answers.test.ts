// Before an answer nothing is stored and no tag is asked for; what each answer lets through; and what a withdrawal takes back.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { webkit } from './webkit.js';

const test = webkit();

const DENIED = { preferences: 'denied', analytics: 'denied', advertising: 'denied' };
const GRANTED = { preferences: 'granted', analytics: 'granted', advertising: 'granted' };
const ALL = ['ga', 'matomo', 'piwik', 'pixel', 'video'];

test('before an answer, nothing is stored on the device and no tag is asked for', async (visitor) => {
  for (const path of ['/', '/en', '/om']) {
    await visitor.visit(path);
    await visitor.shown(visitor.first);
    await visitor.quiet();
    const stored = await visitor.browser.evaluate(async () => ({
      cookies: document.cookie,
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      databases: (await indexedDB.databases()).length,
    }));
    assert.deepEqual(stored, { cookies: '', local: [], session: [], databases: 0 });
  }
  assert.deepEqual(visitor.tags(), []);
  assert.deepEqual(await visitor.service.hits(), []);
  assert.equal(await visitor.choice(), null);
});

test('a yes to all lets every tag through, is recorded, and holds on the next page', async (visitor) => {
  await visitor.visit();
  const receipt = await visitor.answer('accept_all');
  assert.equal(receipt.jws.split('.').length, 3);
  assert.deepEqual(await visitor.heard(...ALL), ALL);
  assert.deepEqual(await visitor.choice(), GRANTED);
  assert.deepEqual(await visitor.history(receipt), [['granted', 'accept_all']]);

  const before = visitor.tags().length;
  await visitor.visit('/om');
  await until('the tags of the next page', () => {
    const asked = visitor.tags().slice(before);
    return ['/demo/ga/', '/demo/matomo/', '/demo/piwik/', '/demo/pixel.gif'].every((tag) =>
      asked.some((url) => url.includes(tag)),
    );
  });
  await visitor.quiet();
  assert.deepEqual(await visitor.choice(), GRANTED);
  assert.equal(await visitor.isThere(visitor.first), false);
});

test('a no to all lets nothing through, is recorded and said, and holds on the next page', async (visitor) => {
  await visitor.visit('/en');
  const receipt = await visitor.answer('reject_all');
  assert.equal(await visitor.told(), await visitor.saved('en'));
  await visitor.gone(visitor.first);
  await visitor.visit('/en/about');
  await visitor.quiet();
  assert.deepEqual(await visitor.choice(), DENIED);
  assert.deepEqual(visitor.tags(), []);
  assert.deepEqual(await visitor.service.hits(), []);
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
  assert.equal(await visitor.isThere(visitor.first), false);
  assert.deepEqual(await visitor.history(receipt), [['refused', 'reject_all']]);
});

test('a yes to one purpose lets only that one through', async (visitor) => {
  await visitor.visit();
  await visitor.choose();
  await visitor.toggle('analytics');
  const receipt = await visitor.save();
  await visitor.gone(visitor.second);
  assert.deepEqual(await visitor.heard('ga', 'matomo', 'piwik'), ['ga', 'matomo', 'piwik']);
  await visitor.quiet();
  assert.deepEqual(await visitor.choice(), { ...DENIED, analytics: 'granted' });
  assert.deepEqual(
    visitor.tags().filter((url) => /pixel|video|retarget/.test(url)),
    [],
  );
  assert.deepEqual(await visitor.history(receipt), [['partial', 'save']]);
});

test('a withdrawal by the link of the page stops the tags and deletes what they stored, on the same page', async (visitor) => {
  await visitor.visit('/om');
  const receipt = await visitor.answer('accept_all');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  const ofTags = (await visitor.cookies()).filter((name) => /^(_ga|_pk_)/.test(name));
  assert.equal(ofTags.length, 6);
  await visitor.browser.evaluate(() => document.documentElement.setAttribute('data-same-page', ''));

  await visitor.reopen();
  assert.deepEqual(
    [await visitor.isOn('preferences'), await visitor.isOn('analytics'), await visitor.isOn('advertising')],
    [true, true, true],
  );
  await visitor.rejectInSettings();
  await visitor.gone(visitor.second);
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
  assert(await visitor.isThere('html[data-same-page]'));

  const before = visitor.tags().length;
  await visitor.browser.evaluate(() => window._paq?.push(['trackEvent', 'after', 'no']));
  await visitor.quiet();
  assert.equal(visitor.tags().length, before);
  assert.deepEqual(await visitor.history(receipt), [
    ['granted', 'accept_all'],
    ['withdrawn', 'reject_all'],
  ]);
});

test('a withdrawal deletes the cookies of the parent domain too', async (visitor) => {
  await visitor.visit('/om');
  await visitor.answer('accept_all');
  await visitor.heard('ga', 'matomo', 'piwik');
  await visitor.browser.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: as the real tags do it
    document.cookie = '_ga_PARENT=1; Domain=naustet.test; Path=/';
  });
  assert((await visitor.cookies()).includes('_ga_PARENT'));
  await visitor.receipt(() => visitor.browser.evaluate(() => window.samtykke.denyAll()));
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
});
