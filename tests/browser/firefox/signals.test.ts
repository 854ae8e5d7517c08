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

for (const [answer, action] of [
  ['reject_all', 'refused'],
  ['accept_all', 'granted'],
] as const) {
  test(`the signal stands in the record of ${answer}`, async (visitor) => {
    const { capability } = await visitor.answer(answer);
    const records = (await visitor.service.history(capability)).map(({ record }) => [record.action, record.signals]);
    assert.deepEqual(records, [[action, ['gpc']]]);
  });
}
