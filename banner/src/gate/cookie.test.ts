import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from './config.js';
import { format, holds, pageOf, parse, type Stored } from './cookie.js';
import { bodyOf } from './send.js';

const CHOSEN_AT = 1_760_000_000_000;
const DAY_MS = 864e5;
const VISITOR = '0f8fad5b-d9cb-469f-a165-70867728950e';
const CONSENT = '0199c9a1-5c00-7abc-8def-0123456789ab';
const PREVIOUS = '0199c9a1-5000-7abc-8def-0123456789ab';

const recorded: Stored = {
  notice: 3,
  visitor: VISITOR,
  id: CONSENT,
  chosenAt: CHOSEN_AT,
  choice: { preferences: 'denied', analytics: 'granted' },
};
const waiting: Stored = { ...recorded, method: 'save', language: 'nb', previous: PREVIOUS, page: '/kjop/a.b.html' };
const config: Config = {
  site: 'shop',
  notice: 4,
  asksSince: 3,
  days: 183,
  purposes: ['preferences', 'analytics'],
  services: [],
  panel: '0',
};

function reread(stored: Stored): Stored {
  const again = parse(format(stored));
  assert.ok(again);
  return again;
}

test('a recorded choice is written as its documentation says', () => {
  const time = CHOSEN_AT.toString(36);
  assert.equal(format(recorded), `1.3.${VISITOR}.${CONSENT}.${time}.preferences:0|analytics:1.`);
});

test('a choice comes back as it was written', () => {
  for (const stored of [recorded, waiting]) assert.equal(format(reread(stored)), format(stored));
  assert.deepEqual(reread(recorded).choice, recorded.choice);
  assert.equal(reread(recorded).method, undefined);
});

test('a consent that is sent again says the same, byte for byte', () => {
  assert.equal(bodyOf(reread(waiting)), bodyOf(waiting));
  const byScript: Stored = { ...recorded, method: 'api', language: undefined, previous: undefined, page: '/' };
  assert.equal(bodyOf(reread(byScript)), bodyOf(byScript));
});

test('what is sent has the fields of a consent and no others', () => {
  assert.deepEqual(JSON.parse(bodyOf(waiting)), {
    id: CONSENT,
    visitor: VISITOR,
    notice: 3,
    language: 'nb',
    method: 'save',
    choice: recorded.choice,
    page: '/kjop/a.b.html',
    previous: PREVIOUS,
  });
});

test('a damaged cookie is no choice', () => {
  const good = format(waiting);
  const damaged = [
    '',
    '1',
    '.......',
    'null',
    '{"a":1}',
    good.replace('1.', '2.'),
    good.replace('1.3.', '1.x.'),
    good.replace(VISITOR, ''),
    good.replace(CONSENT, 'not-a-consent'),
    good.slice(0, 60),
    good.replaceAll('.', '!'),
    good.replace('preferences:0', '<script>'),
    '1.'.repeat(500),
    '%E0%A4%A',
  ];
  for (const value of damaged) assert.equal(parse(value), null, value);
});

test('a damaged answer is denied or missing, never granted', () => {
  const one = (answers: string) => reread(recorded) && parse(format(recorded).replace('analytics:1', answers));
  for (const answers of ['analytics:', 'analytics', 'analytics:2', 'analytics:x', ':1', '|||']) {
    assert.notEqual(one(answers)?.choice.analytics, 'granted', answers);
  }
});

test('a choice holds as long as the site says', () => {
  assert.ok(holds(recorded, config, CHOSEN_AT));
  assert.ok(holds(recorded, config, CHOSEN_AT + 182 * DAY_MS));
  assert.ok(!holds(recorded, config, CHOSEN_AT + 183 * DAY_MS));
  assert.ok(!holds({ ...recorded, chosenAt: Number.NaN }, config, CHOSEN_AT));
});

test('a choice holds until a notice asks anew, or for more', () => {
  assert.ok(!holds(recorded, { ...config, asksSince: 4 }, CHOSEN_AT));
  assert.ok(!holds(recorded, { ...config, purposes: [...config.purposes, 'advertising'] }, CHOSEN_AT));
  assert.ok(holds(recorded, { ...config, purposes: ['analytics'] }, CHOSEN_AT));
});

test('a page is its path in the letters of a cookie, cut at 300', () => {
  assert.equal(pageOf('/om/oss.html'), '/om/oss.html');
  assert.equal(pageOf('/a;b,c d"e\\f'), '/a%3Bb%2Cc%20d%22e%5Cf');
  assert.equal(pageOf('/%C3%A6'), '/%C3%A6');
  assert.equal(pageOf(`/${'x'.repeat(999)}`).length, 300);
});

test('the cookie stays below a kilobyte, and holds no letter that a cookie may not', () => {
  const purposes = Array.from({ length: 10 }, (_, at) => [`purpose-number-${at}`, 'granted'] as const);
  const value = format({ ...waiting, choice: Object.fromEntries(purposes), page: pageOf(`/${';,'.repeat(400)}`) });
  assert.ok(value.length < 1024, `${value.length}`);
  assert.match(value, /^[!#-+\--:<-[\]-~]+$/);
});
