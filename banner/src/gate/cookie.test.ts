import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, pageOf } from '../panel/keep.js';
import { bodyOf } from '../panel/send.js';
import type { Config } from './config.js';
import * as cookie from './cookie.js';

const CHOSEN_AT = 1_760_000_000_000;
const DAY_MS = 864e5;
const VISITOR = '0f8fad5b-d9cb-469f-a165-70867728950e';
const CONSENT = '0199c9a1-5c00-7abc-8def-0123456789ab';
const PREVIOUS = '0199c9a1-5000-7abc-8def-0123456789ab';

const { holds } = cookie;
type Stored = cookie.Stored;
const { parse } = cookie;

const recorded: Stored = {
  notice: 3,
  visitor: VISITOR,
  id: CONSENT,
  chosenAt: CHOSEN_AT,
  days: 365,
  choice: { preferences: 'denied', analytics: 'granted' },
  pending: '',
  control: false,
  told: '',
};
const waiting: Stored = { ...recorded, pending: `save.nb.${PREVIOUS}./kjop/a.b.html` };
const config: Config = {
  site: 'shop',
  notice: 4,
  asksSince: 3,
  days: 183,
  purposes: ['preferences', 'analytics'],
  services: [],
  starts: {},
  extras: [],
  panel: '0',
};

function reread(stored: Stored): Stored {
  const again = parse(format(stored));
  assert.ok(again);
  return again;
}

test('a recorded choice is written as its documentation says', () => {
  const time = CHOSEN_AT.toString(36);
  assert.equal(format(recorded), `2.3.${VISITOR}.${CONSENT}.${time}.365.preferences:0|analytics:1.`);
});

test('a choice comes back as it was written', () => {
  for (const stored of [recorded, waiting]) assert.equal(format(reread(stored)), format(stored));
  assert.deepEqual(reread(recorded).choice, recorded.choice);
  assert.deepEqual(reread(waiting), waiting);
});

test('a consent that is sent again says the same, byte for byte', () => {
  assert.equal(bodyOf(reread(waiting)), bodyOf(waiting));
  const byScript: Stored = { ...recorded, pending: 'api.../' };
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
    '2',
    '.......',
    'null',
    '{"a":1}',
    good.replace('2.', '3.'),
    good.replace('2.3.', '2.x.'),
    good.replace(VISITOR, ''),
    good.slice(0, 60),
    good.replaceAll('.', '!'),
    good.replace('preferences:0', '<script>'),
    '2.'.repeat(500),
    '%E0%A4%A',
  ];
  for (const value of damaged) {
    const stored = parse(value);
    assert.ok(!stored || !holds(stored, config, CHOSEN_AT), value);
  }
});

test('a damaged answer is denied or missing, never granted', () => {
  const one = (answers: string) => reread(recorded) && parse(format(recorded).replace('analytics:1', answers));
  for (const answers of ['analytics:', 'analytics', 'analytics:2', 'analytics:x', ':1', '|||']) {
    assert.notEqual(one(answers)?.choice.analytics, 'granted', answers);
  }
});

test('it says whether Global Privacy Control was on', () => {
  const controlled = { ...recorded, control: true };
  assert.match(format(controlled), /^2g\.3\./);
  assert.deepEqual(reread(controlled), controlled);
});

test('of several, the newest counts, wherever it stands', () => {
  const older = { ...recorded, id: PREVIOUS, choice: { preferences: 'granted', analytics: 'granted' } as const };
  const own = (stored: Stored) => `samtykke_shop=${format(stored)}`;
  const copy = (stored: Stored) => `samtykke_shop.=${format(stored)}`;
  const readIn = (...pairs: string[]) => cookie.read(config, ['theme=dark', ...pairs].join('; '));
  assert.deepEqual(readIn(own(recorded), copy(older)), recorded);
  assert.deepEqual(readIn(copy(older), own(recorded)), recorded);
  assert.deepEqual(readIn(own(older), copy(recorded)), recorded);
  assert.deepEqual(readIn(copy(recorded)), recorded);
  // The page's own may say more than the copy of it.
  assert.deepEqual(readIn(own(waiting), copy(recorded)), waiting);
  assert.deepEqual(readIn(copy(recorded), own(waiting)), waiting);
  // One of the host, from before it shared one with others.
  assert.deepEqual(readIn(own(older), own(recorded)), recorded);
  assert.equal(readIn(own(recorded).replace('shop=', 'shop2=')), null);
});

test('a choice holds as long as was said when it was made', () => {
  assert.ok(holds(recorded, config, CHOSEN_AT));
  assert.ok(holds(recorded, config, CHOSEN_AT + 364 * DAY_MS));
  assert.ok(!holds(recorded, config, CHOSEN_AT + 365 * DAY_MS));
  assert.ok(!holds({ ...recorded, chosenAt: Number.NaN }, config, CHOSEN_AT));
});

test('a choice from the future was made by another clock, and does not hold', () => {
  assert.ok(holds(recorded, config, CHOSEN_AT - DAY_MS / 2));
  assert.ok(!holds(recorded, config, CHOSEN_AT - 2 * DAY_MS));
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
  const value = format({
    ...waiting,
    choice: Object.fromEntries(purposes),
    pending: `save.nb.${PREVIOUS}.${pageOf(`/${';,'.repeat(400)}`)}`,
  });
  assert.ok(value.length < 1024, `${value.length}`);
  assert.match(value, /^[!#-+\--:<-[\]-~]+$/);
});
