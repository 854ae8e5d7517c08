// A page that Firefox keeps whole and puts back (the back-forward cache): its scripts go on where they were.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { firefox } from './firefox.js';
import type { Visitor } from './visitor.js';

const test = firefox();

/**
 * Notes on the page when it is put back, which only a kept one can tell. Firefox keeps none that waits for an answer: the list of hits,
 * which the shop asks for every second, has just come.
 */
async function mark(visitor: Visitor): Promise<void> {
  await visitor.page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) =>
      document.documentElement.setAttribute('data-restored', `${persisted}`),
    );
    return new Promise<void>((done) =>
      new PerformanceObserver((list) => {
        if (list.getEntries().some(({ name }) => name.includes('/demo/hits'))) done();
      }).observe({ type: 'resource' }),
    );
  });
}

async function comeBack(visitor: Visitor): Promise<void> {
  // Not `goBack`, which waits for a page to load.
  await visitor.page.evaluate(() => history.back());
  await visitor.shown('html[data-restored=true]');
}

test('a page that was left unanswered still asks when it is put back, and takes the answer', async (visitor) => {
  await visitor.visit('/en/about');
  await visitor.shown(visitor.first);
  await mark(visitor);
  await visitor.visit('/en');
  await comeBack(visitor);
  await visitor.shown(visitor.first);
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(visitor.tags(), []);
  const { capability } = await visitor.receipt(() => visitor.click(`${visitor.first} button[name=accept_all]`));
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  assert.equal((await visitor.service.history(capability)).length, 1);
});

test('a page with a yes is put back with its tags, and starts none of them twice', async (visitor) => {
  await visitor.answer('accept_all', '/en/about');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  await mark(visitor);
  await visitor.visit('/en');
  await visitor.quiet();
  const scripts = () => visitor.tags().filter((url) => /\.js/.test(url)).length;
  const before = scripts();
  await comeBack(visitor);
  await visitor.quiet();
  assert.equal(scripts(), before);
  assert.equal(await visitor.page.$(visitor.first), null);
  await visitor.page.evaluate(() => window.samtykke.open());
  await visitor.receipt(() => visitor.click(`${visitor.second} button[name=reject_all]`));
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
});

test('a page with a yes that was taken back elsewhere is put back without its tags', async (visitor) => {
  await visitor.answer('accept_all', '/en/about');
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
  await mark(visitor);
  await visitor.visit('/en');
  await visitor.page.evaluate(() => window.samtykke.open());
  await visitor.receipt(() => visitor.click(`${visitor.second} button[name=reject_all]`));
  await comeBack(visitor);
  await until('the no', async () => (await visitor.choice())?.analytics === 'denied');
  const before = visitor.tags().length;
  await visitor.page.evaluate(() => window._paq?.push(['trackEvent', 'after', 'no']));
  await visitor.quiet();
  assert.equal(visitor.tags().length, before);
  assert.deepEqual(await visitor.cookies(), ['samtykke_shop']);
});

test('a page that still asked is put back with the answer that was given elsewhere', async (visitor) => {
  await visitor.visit('/en/about');
  await visitor.shown(visitor.first);
  await mark(visitor);
  await visitor.answer('reject_all', '/en');
  await comeBack(visitor);
  await until('the no', async () => (await visitor.choice())?.analytics === 'denied');
  await visitor.gone(visitor.first);
  assert.deepEqual(visitor.tags(), []);
});
