// Storage switched off in Firefox's settings: the page works, and an answer holds for the page it was given on.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { firefox } from './firefox.js';

const REFUSE_ALL = 2;
const test = firefox({ 'network.cookie.cookieBehavior': REFUSE_ALL });

test('nothing can be stored, nothing runs before an answer, and the page works', async (visitor) => {
  await visitor.visit('/en');
  await visitor.shown(visitor.first);
  const storage = await visitor.page.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: to see that it is refused
    document.cookie = 'a=1';
    try {
      localStorage.setItem('a', '1');
      return 'allowed';
    } catch (error) {
      return `${document.cookie}${(error as Error).name}`;
    }
  });
  assert.equal(storage, 'SecurityError');
  await visitor.page.focus('button[data-plan=Jolle]');
  await visitor.page.keyboard.press('Enter');
  const cart = () => visitor.page.$eval('#cart', (element) => element.textContent ?? '');
  await until('the cart', async () => (await cart()).includes('Jolle is in your cart'));
  await visitor.quiet();
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(visitor.tags(), []);
});

test('a yes is recorded and holds for the page, and the next page denies and asks again', async (visitor) => {
  const { capability } = await visitor.answer('accept_all', '/om');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  assert.deepEqual(await visitor.choice(), { preferences: 'granted', analytics: 'granted', advertising: 'granted' });
  assert.equal((await visitor.service.history(capability)).length, 1);

  const before = visitor.tags().length;
  await visitor.visit('/en');
  await visitor.shown(visitor.first);
  await visitor.quiet();
  assert.equal(await visitor.choice(), null);
  assert.equal(visitor.tags().length, before);
});

test('a no holds for the page', async (visitor) => {
  await visitor.answer('reject_all', '/om');
  await visitor.gone(visitor.first);
  await visitor.quiet();
  assert.deepEqual(await visitor.choice(), { preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  assert.deepEqual(visitor.tags(), []);
});
