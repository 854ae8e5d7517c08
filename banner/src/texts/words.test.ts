import assert from 'node:assert/strict';
import { test } from 'node:test';
import durations from './durations.json';
import { duration, wordsOf } from './words.js';

// The service reads the same table: server/words.rs.
test('a lifetime is told in the largest unit that fits', () => {
  for (const { days, ...told } of durations) {
    for (const [language, words] of Object.entries(told)) assert.equal(duration(days, language), words);
  }
});

test('a language has its countries, its dates and its lists', () => {
  const { language, countries, dates, list } = wordsOf('nb');
  assert.equal(language, 'norsk bokmål');
  assert.equal(countries.DE, 'Tyskland');
  assert.equal(countries.QQ, undefined);
  assert.deepEqual([dates.length, dates[1]], [12, '{day}. februar {year}']);
  assert.deepEqual(list, [', ', ' og ', ' og ']);
});

test('what Node does not know is told', () => {
  assert.throws(() => wordsOf('tlh'), /tlh/);
});
