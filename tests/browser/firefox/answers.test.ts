// Before an answer nothing is stored and no tag is asked for; what each answer lets through; and what a withdrawal takes back.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { firefox } from './firefox.js';

const test = firefox();

const DENIED = { preferences: 'denied', analytics: 'denied', advertising: 'denied' };
const GRANTED = { preferences: 'granted', analytics: 'granted', advertising: 'granted' };
const ALL = ['ga', 'matomo', 'piwik', 'pixel', 'video'];

test('before an answer, nothing is stored on the device and no tag is asked for', async (visitor) => {
  for (const path of ['/', '/en', '/om']) {
    await visitor.visit(path);
    await visitor.shown(visitor.first);
    await visitor.quiet();
    const stored = await visitor.page.evaluate(async () => ({
      cookies: document.cookie,
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      databases: await indexedDB.databases(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
    }));
    assert.deepEqual(stored, { cookies: '', local: [], session: [], databases: [], workers: 0 });
  }
  assert.deepEqual(await visitor.page.browserContext().cookies(), []);
  assert.deepEqual(visitor.tags(), []);
  assert.deepEqual(await visitor.service.hits(), []);
  assert.equal(await visitor.choice(), null);
});

test('a yes to all lets every tag through, is recorded, and holds on the next page', async (visitor) => {
  const { capability, jws } = await visitor.answer('accept_all');
  assert.equal(jws.split('.').length, 3);
  assert.deepEqual(await visitor.heard(...ALL), ALL);
  assert.deepEqual(await visitor.choice(), GRANTED);
  const records = (await visitor.service.history(capability)).map(({ record }) => [record.action, record.method]);
  assert.deepEqual(records, [['granted', 'accept_all']]);

  const before = visitor.requests.length;
  await visitor.visit('/om');
  await until('the tags of the next page', () => {
    const asked = visitor.requests.slice(before).map((request) => request.url());
    return ['/demo/ga/', '/demo/matomo/', '/demo/piwik/', '/demo/pixel.gif'].every((tag) =>
      asked.some((url) => url.includes(tag)),
    );
  });
  assert.deepEqual(await visitor.choice(), GRANTED);
  assert.equal(await visitor.page.$(visitor.first), null);
});

test('a no to all lets nothing through, is recorded, and holds on the next page', async (visitor) => {
  const { capability } = await visitor.answer('reject_all');
  await visitor.gone(visitor.first);
  await visitor.visit('/en/about');
  await visitor.quiet();
  assert.deepEqual(await visitor.choice(), DENIED);
  assert.deepEqual(visitor.tags(), []);
  assert.deepEqual(await visitor.service.hits(), []);
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
  assert.equal(await visitor.page.$(visitor.first), null);
  const records = (await visitor.service.history(capability)).map(({ record }) => [record.action, record.method]);
  assert.deepEqual(records, [['refused', 'reject_all']]);
});

test('a yes to one purpose lets only that one through', async (visitor) => {
  const { capability } = await visitor.choose('analytics');
  assert.deepEqual(await visitor.heard('ga', 'matomo', 'piwik'), ['ga', 'matomo', 'piwik']);
  assert.deepEqual(await visitor.choice(), { ...DENIED, analytics: 'granted' });
  assert.deepEqual(
    visitor.tags().filter((url) => /pixel|video|retarget/.test(url)),
    [],
  );
  const records = (await visitor.service.history(capability)).map(({ record }) => [record.action, record.method]);
  assert.deepEqual(records, [['partial', 'save']]);
});

test('a withdrawal stops the tags and deletes what they stored, on the same page', async (visitor) => {
  const { capability } = await visitor.answer('accept_all', '/om');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  const ofTags = (await visitor.cookies()).filter((name) => /^(_ga|_pk_)/.test(name));
  assert.equal(ofTags.length, 6);
  await visitor.page.evaluate(() => document.documentElement.setAttribute('data-same-page', ''));

  await visitor.click('.bottom [data-samtykke=open]');
  await visitor.receipt(() => visitor.click(`${visitor.second} button[name=reject_all]`));
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
  assert.notEqual(await visitor.page.$('html[data-same-page]'), null);

  const before = visitor.tags().length;
  await visitor.page.evaluate(() => {
    window._paq?.push(['trackEvent', 'after', 'no']);
    const link = document.body.appendChild(document.createElement('a'));
    link.href = 'http://elsewhere.test/';
    link.onclick = () => false;
    link.click();
  });
  await visitor.quiet();
  assert.equal(visitor.tags().length, before);
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
  const actions = (await visitor.service.history(capability)).map(({ record }) => record.action);
  assert.deepEqual(actions, ['granted', 'withdrawn']);
});

test('the settings open again with the present choice, and can change it', async (visitor) => {
  await visitor.choose('preferences');
  await visitor.click('.bottom [data-samtykke=open]');
  await visitor.shown(visitor.second);
  assert.deepEqual(
    [await visitor.isOn('preferences'), await visitor.isOn('analytics'), await visitor.isOn('advertising')],
    [true, false, false],
  );
  await visitor.click(`${visitor.second} button[name=close]`);
  await visitor.gone(visitor.second);
  assert.deepEqual(await visitor.choice(), { ...DENIED, preferences: 'granted' });

  await visitor.page.evaluate(() => window.samtykke.open());
  await visitor.receipt(() => visitor.click(`${visitor.second} button[name=accept_all]`));
  assert.deepEqual(await visitor.choice(), GRANTED);
});

test('a withdrawal deletes the cookies of the parent domain too', async (visitor) => {
  const { service, page } = visitor;
  await service.publish();
  await page.goto(`${service.named}/om`);
  await visitor.receipt(() => visitor.click(`${visitor.first} button[name=accept_all]`));
  await visitor.heard('ga', 'matomo', 'piwik');
  await page.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: as the real tags do it
    document.cookie = '_ga_PARENT=1; Domain=naustet.test; Path=/';
  });
  const names = async () => (await page.browserContext().cookies()).map(({ name }) => name).sort();
  assert((await names()).includes('_ga_PARENT'));
  await visitor.receipt(() => page.evaluate(() => window.samtykke.denyAll()));
  // With the service's copy of it.
  assert.deepEqual(await names(), ['samtykke_shop', 'samtykke_shop.']);
});

test('a click that no person made counts as a no', async (visitor) => {
  await visitor.visit();
  await visitor.shown(visitor.first);
  await visitor.receipt(() =>
    visitor.page.$eval(`${visitor.first} button[name=reject_all]`, (button) => (button as HTMLElement).click()),
  );
  assert.deepEqual(await visitor.choice(), DENIED);
});
