import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inkOn } from './contrast.js';

test('text on a colour is black or white, whichever reads better', () => {
  const inks: [string, string][] = [
    ['#ffffff', '#000'],
    ['#000000', '#fff'],
    ['#14532d', '#fff'],
    ['#9a3324', '#fff'],
    ['#FACC15', '#000'],
    ['#767676', '#000'],
  ];
  for (const [colour, ink] of inks) assert.equal(inkOn(colour), ink, colour);
});

test('what is no colour has no ink', () => {
  for (const colour of ['', 'red', '#fff', '#12345g', '#1234567']) assert.equal(inkOn(colour), null, colour);
});
