// Firefox's own Global Privacy Control, switched on in its settings: nothing here is made up for the page.

import assert from 'node:assert/strict';
import { firefox } from './firefox.js';

const test = firefox({
  'privacy.globalprivacycontrol.enabled': true,
  'privacy.globalprivacycontrol.functionality.enabled': true,
});

test('the signal is said to the page and with every request, and nothing runs', async (visitor) => {
  await visitor.visit();
  await visitor.quiet();
  const said = await visitor.page.evaluate(
    () => (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl,
  );
  assert.equal(said, true);
  const ours = visitor.requests.filter((request) => request.url().startsWith(visitor.service.url));
  assert(ours.length > 3);
  for (const request of ours) assert.equal(request.headers()['sec-gpc'], '1', request.url());
  assert.deepEqual(visitor.tags(), []);
});

test('the signal answers for the visitor, stands in the record, and a later yes holds beside it', async (visitor) => {
  const { capability } = await visitor.receipt(() => visitor.visit());
  const records = async () =>
    (await visitor.service.history(capability)).map(({ record }) => [record.action, record.method, record.signals]);
  assert.deepEqual(await records(), [['refused', 'signal', ['gpc']]]);
  assert.deepEqual(await visitor.choice(), { preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  await visitor.quiet();
  assert.deepEqual(visitor.tags(), []);

  await visitor.page.evaluate(() => window.samtykke.open());
  await visitor.receipt(() => visitor.click(`${visitor.second} button[name=accept_all]`));
  assert.deepEqual(await visitor.choice(), { preferences: 'granted', analytics: 'granted', advertising: 'granted' });
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  const [, later] = await records();
  assert.deepEqual(later, ['granted', 'accept_all', ['gpc']]);
});
