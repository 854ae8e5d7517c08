import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, uuid } from './uuid.js';

const zeros = new Uint8Array(10);
const ones = new Uint8Array(10).fill(255);

test('an id has the form of RFC 9562, version 7, whatever the random bytes are', () => {
  assert.equal(uuid(0x19ac3f25a90, zeros), '019ac3f2-5a90-7000-8000-000000000000');
  assert.equal(uuid(0x19ac3f25a90, ones), '019ac3f2-5a90-7fff-8fff-ffffffffffff');
  for (let round = 0; round < 100; round++) {
    assert.match(uuid(Date.now()), /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
  }
});

test('ids are in order of time, whatever the random bytes are', () => {
  assert.ok(uuid(1_795_650_870_426, ones) < uuid(1_795_650_870_427, zeros));
});

test('an id that is made after another is later than it', () => {
  const one = uuid(1_795_650_870_426, ones);
  assert.equal(after(one), 1_795_650_870_427);
  assert.ok(one < uuid(after(one), zeros));
});

test('no two are alike', () => {
  const made = new Set(Array.from({ length: 1000 }, () => uuid(1_795_650_870_426)));
  assert.equal(made.size, 1000);
});
