import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../gate/notice.js';
import { answerOf } from './signal.js';

const optIn: Pick<Notice, 'gpc' | 'dnt' | 'silence'> = { gpc: 'voluntary', dnt: false, silence: [] };
const optOut: typeof optIn = { gpc: 'binding', dnt: false, silence: ['analytics'] };
const gpc = { globalPrivacyControl: true, doNotTrack: null };
const dnt = { doNotTrack: '1' };

test('Global Privacy Control is an answer where the law says so', () => {
  assert.equal(answerOf(optOut, gpc), 'gpc');
  assert.equal(answerOf({ ...optOut, gpc: 'voluntary' }, gpc), 'gpc');
  assert.equal(answerOf({ ...optOut, gpc: 'none' }, gpc), null);
  assert.equal(answerOf({ ...optIn, gpc: 'binding' }, gpc), 'gpc');
});

test('where nothing runs in silence, whoever has it may still be asked', () => {
  assert.equal(answerOf(optIn, gpc), null);
});

test('Do Not Track is an answer where the site says so', () => {
  assert.equal(answerOf({ ...optIn, dnt: true }, dnt), 'dnt');
  assert.equal(answerOf(optIn, dnt), null);
  assert.equal(answerOf({ ...optIn, dnt: true }, { doNotTrack: '0' }), null);
});

test('no signal is no answer', () => {
  for (const said of [{ doNotTrack: null }, { globalPrivacyControl: false, doNotTrack: null }]) {
    assert.equal(answerOf({ ...optOut, dnt: true }, said), null);
  }
});
