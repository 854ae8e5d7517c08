import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, Choice, Config } from '../gate/config.js';
import { all } from '../panel/choice.js';
import * as completing from './complete.js';

const purposes = ['analytics', 'advertising'];
const purposeOf = (name: string) => ({ ga: 'analytics', login: 'necessary' })[name] ?? name;
const config = { purposes } as unknown as Config;
const complete = (given: Record<string, Answer>, present: Choice | null) =>
  completing.complete({ config, purposeOf, choice: () => present }, given);

test('a purpose that is left out keeps its answer, or is denied', () => {
  assert.deepEqual(complete({ analytics: 'granted' }, null), { analytics: 'granted', advertising: 'denied' });
  assert.deepEqual(complete({ analytics: 'denied' }, { analytics: 'granted', advertising: 'granted' }), {
    analytics: 'denied',
    advertising: 'granted',
  });
});

test('a purpose that the site no longer asks about is not carried along', () => {
  assert.deepEqual(complete({}, { old: 'granted' }), { analytics: 'denied', advertising: 'denied' });
});

test('an unknown purpose or answer is an error that names it', () => {
  assert.throws(() => complete({ analitics: 'granted' }, null), /TypeError.*"analitics"/);
  assert.throws(() => complete({ necessary: 'denied' }, null), TypeError);
  assert.throws(() => complete({ analytics: 'yes' as Answer }, null), /TypeError.*"yes"/);
  assert.throws(() => complete({ analytics: true as unknown as Answer }, null), TypeError);
});

test('a service may have an answer of its own, and keeps it', () => {
  const own = complete({ ga: 'granted' }, null);
  assert.deepEqual(own, { analytics: 'denied', advertising: 'denied', ga: 'granted' });
  assert.deepEqual(complete({ advertising: 'granted' }, own), { ...own, advertising: 'granted' });
  assert.throws(() => complete({ login: 'denied' }, null), TypeError);
});

test('all is one answer to everything', () => {
  assert.deepEqual(all(purposes, 'denied'), { analytics: 'denied', advertising: 'denied' });
});
