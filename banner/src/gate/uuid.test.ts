import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid } from './uuid.js';

const bytes = Uint8Array.from({ length: 16 }, (_, at) => at * 17);

test('it begins with its time and is otherwise random: version 7', () => {
  assert.equal(uuid(0x0199c9a15c00, bytes), '0199c9a1-5c00-7677-8899-aabbccddeeff');
});

test('later ones sort later', () => {
  const ids = [1, 999, 1_760_000_000_000, 1_760_000_000_001].map((time) => uuid(time));
  assert.deepEqual([...ids].sort(), ids);
});

test('no two are alike', () => {
  assert.notEqual(uuid(1), uuid(1));
});
