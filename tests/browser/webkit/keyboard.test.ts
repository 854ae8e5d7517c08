// Everything by keyboard alone, in WebKit: no trap in the question, a real dialog for the settings, and Escape is no answer.

import assert from 'node:assert/strict';
import { webkit } from './webkit.js';

const test = webkit();

test('the keyboard meets the banner first, and goes on to the page', async (visitor) => {
  await visitor.visit();
  await visitor.shown(visitor.first);
  for (const name of ['accept_all', 'reject_all', 'choose', 'skip']) await visitor.tabTo(name);
});

test('the keyboard alone can refuse', async (visitor) => {
  await visitor.visit();
  await visitor.shown(visitor.first);
  await visitor.tabTo('reject_all');
  const receipt = await visitor.receipt(() => visitor.browser.press('enter'));
  await visitor.gone(visitor.first);
  assert.deepEqual(await visitor.history(receipt), [['refused', 'reject_all']]);
  assert.deepEqual(visitor.tags(), []);
});

test('the keyboard alone can choose and save', async (visitor) => {
  await visitor.visit('/en');
  await visitor.shown(visitor.first);
  await visitor.tabTo('choose');
  await visitor.browser.press('enter');
  await visitor.shown(visitor.second);
  await visitor.tabTo('analytics');
  await visitor.browser.press('space');
  await visitor.tabTo('save');
  await visitor.receipt(() => visitor.browser.press('enter'));
  await visitor.gone(visitor.second);
  assert.deepEqual(await visitor.choice(), { preferences: 'denied', analytics: 'granted', advertising: 'denied' });
});

test('Escape on the question is no answer', async (visitor) => {
  await visitor.visit();
  await visitor.shown(visitor.first);
  await visitor.tabTo('reject_all');
  await visitor.browser.press('escape');
  await visitor.quiet();
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(await visitor.cookies(), []);
  assert.deepEqual(visitor.tags(), []);
});

test('the settings keep the focus inside, and Escape leaves them without an answer', async (visitor) => {
  await visitor.visit();
  await visitor.choose();
  for (let presses = 0; presses < 15; presses += 1) {
    await visitor.tab();
    const outside = await visitor.browser.evaluate(() => document.activeElement?.closest('body *')?.tagName ?? null);
    assert.equal(outside, null);
  }
  await visitor.browser.press('escape');
  await visitor.gone(visitor.second);
  assert.equal(await visitor.focused(), 'choose');
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(await visitor.cookies(), []);
});

test('after the settings, the focus is back where they were opened', async (visitor) => {
  await visitor.visit();
  await visitor.answer('reject_all');
  await visitor.reopen();
  await visitor.browser.press('escape');
  await visitor.gone(visitor.second);
  assert.equal(await visitor.hasFocus(visitor.link), true);
});
