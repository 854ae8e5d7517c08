import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, complete } from './choice.js';
import type { Answer } from './config.js';

const purposes = ['analytics', 'advertising'];

test('a purpose that is left out keeps its answer, or is denied', () => {
  assert.deepEqual(complete(purposes, { analytics: 'granted' }, null), { analytics: 'granted', advertising: 'denied' });
  assert.deepEqual(complete(purposes, { analytics: 'denied' }, { analytics: 'granted', advertising: 'granted' }), {
    analytics: 'denied',
    advertising: 'granted',
  });
});

test('a purpose that the site no longer asks about is not carried along', () => {
  assert.deepEqual(complete(purposes, {}, { old: 'granted' }), { analytics: 'denied', advertising: 'denied' });
});

test('an unknown purpose or answer is an error that names it', () => {
  assert.throws(() => complete(purposes, { analitics: 'granted' }, null), /TypeError.*"analitics"/);
  assert.throws(() => complete(purposes, { necessary: 'denied' }, null), TypeError);
  assert.throws(() => complete(purposes, { analytics: 'yes' as Answer }, null), /TypeError.*"yes"/);
  assert.throws(() => complete(purposes, { analytics: true as unknown as Answer }, null), TypeError);
});

test('all is one answer to everything', () => {
  assert.deepEqual(all(purposes, 'denied'), { analytics: 'denied', advertising: 'denied' });
});
