import assert from 'node:assert/strict';
import { test } from 'node:test';
import durations from './durations.json';
import { country, duration, fill } from './words.js';

// The service reads the same table: server/words.rs.
test('a lifetime is told in the largest unit that fits', () => {
  for (const { days, ...told } of durations) {
    for (const [language, words] of Object.entries(told)) assert.equal(duration(days, language), words);
  }
});

test('a lifetime is told in every language of the panel', () => {
  const told = { nb: '2 år', nn: '2 år', sv: '2 år', da: '2 år', de: '2 Jahre' };
  for (const [language, words] of Object.entries(told)) assert.equal(duration(730, language), words);
});

test('a country code becomes its name, and a name stays', () => {
  assert.equal(country('NO', 'nb'), 'Norge');
  assert.equal(country('DE', 'en'), 'Germany');
  assert.equal(country('Norway', 'en'), 'Norway');
});

test('places without a value stay to be seen', () => {
  assert.equal(fill('{a} and {b}', { a: '$&' }), '$& and {b}');
});
