// More than one page: tabs beside each other, a page that is come back to, and a held frame on it.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import type { Visitor } from './visitor.js';
import { webkit } from './webkit.js';

const test = webkit();

const FRAME =
  '<iframe title="A film" width="480" height="270" data-src="/demo/video.html" data-service="video"></iframe>';

const denied = async (visitor: Visitor) => (await visitor.choice())?.analytics === 'denied';

test('a held frame shows what it would load, and loads this once without an answer', async (visitor) => {
  await visitor.visitPage(FRAME);
  assert.match(await visitor.placeholder(), /^Demo Video from Demo Video AS has not been loaded/);
  await visitor.quiet();
  assert.deepEqual(visitor.tags(), []);
  await visitor.showOnce();
  await until('the film', () => visitor.tags().some((url) => url.endsWith('/demo/video.html')));
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(await visitor.cookies(), []);

  const before = visitor.tags().length;
  await visitor.browser.reload();
  await visitor.placeholder();
  await visitor.quiet();
  assert.equal(visitor.tags().length, before);
});

test('an answer in one tab ends the question in another, once it is seen again', async (visitor) => {
  await visitor.visit('/en');
  await visitor.shown(visitor.first);
  const one = await visitor.browser.here();
  await visitor.browser.switchTo(await visitor.browser.tab());
  await visitor.visit('/om');
  await visitor.answer('reject_all');
  await visitor.browser.switchTo(one);
  await visitor.shown(visitor.first);
  await visitor.browser.comeBack();
  await visitor.gone(visitor.first);
  assert(await denied(visitor));
  assert.deepEqual(visitor.tags(), []);
});

test('a page that was left unanswered still asks when it is come back to, and takes the answer', async (visitor) => {
  await visitor.visit('/en/about');
  await visitor.shown(visitor.first);
  await visitor.visit('/en');
  await visitor.browser.back();
  await visitor.shown(visitor.first);
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(visitor.tags(), []);
  const receipt = await visitor.answer('accept_all');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  assert.deepEqual(await visitor.history(receipt), [['granted', 'accept_all']]);
});

test('a page with a yes that was taken back elsewhere is come back to without its tags', async (visitor) => {
  await visitor.visit('/en/about');
  await visitor.answer('accept_all');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  await visitor.visit('/en');
  await visitor.reopen();
  await visitor.rejectInSettings();
  await visitor.browser.back();
  await until('the no', () => denied(visitor));
  await visitor.quiet();
  const before = visitor.tags().length;
  await visitor.browser.evaluate(() => window._paq?.push(['trackEvent', 'after', 'no']));
  await visitor.quiet();
  assert.equal(visitor.tags().length, before);
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
});

test('a page that still asked is come back to with the answer that was given elsewhere', async (visitor) => {
  await visitor.visit('/en/about');
  await visitor.shown(visitor.first);
  await visitor.visit('/en');
  await visitor.answer('reject_all');
  await visitor.browser.back();
  await until('the no', () => denied(visitor));
  await visitor.gone(visitor.first);
  assert.deepEqual(visitor.tags(), []);
});
