import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionOf, fill } from './words.js';

test('places without a value stay to be seen', () => {
  assert.equal(fill('{a} and {b}', { a: '$&' }), '$& and {b}');
});

test('Arabic and Hebrew are written from right to left', () => {
  assert.deepEqual(['ar', 'he', 'nb', 'zh-Hans'].map(directionOf), ['rtl', 'rtl', 'ltr', 'ltr']);
});
