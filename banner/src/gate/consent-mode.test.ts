import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consentTypes, setDefaults, update } from './consent-mode.js';

const only = (granted: string) => (purpose: string) => purpose === granted;

function grantedTypes(purpose: string): string[] {
  return Object.entries(consentTypes(only(purpose)))
    .filter(([type, answer]) => answer === 'granted' && type !== 'security_storage')
    .map(([type]) => type);
}

test('each purpose opens its own consent types', () => {
  assert.deepEqual(grantedTypes('analytics'), ['analytics_storage']);
  assert.deepEqual(grantedTypes('advertising'), ['ad_storage', 'ad_user_data', 'ad_personalization']);
  assert.deepEqual(grantedTypes('preferences'), ['functionality_storage', 'personalization_storage']);
  assert.deepEqual(grantedTypes('something else'), []);
});

test('all seven types are named every time, and security is always granted', () => {
  const types = consentTypes(() => false);
  assert.equal(Object.keys(types).length, 7);
  assert.equal(types.security_storage, 'granted');
});

test('commands are arguments objects, the default first', () => {
  const page: { dataLayer?: IArguments[] } = {};
  Object.assign(globalThis, { window: page });
  setDefaults();
  update(only('analytics'));
  const commands = page.dataLayer ?? [];
  assert.deepEqual(
    commands.map((command) => Object.prototype.toString.call(command)),
    Array(3).fill('[object Arguments]'),
  );
  assert.deepEqual(Array.from(commands[0] ?? []), [
    'consent',
    'default',
    { ...consentTypes(() => false), wait_for_update: 500 },
  ]);
  assert.deepEqual(Array.from(commands[1] ?? []), ['set', 'ads_data_redaction', true]);
  assert.deepEqual(Array.from(commands[2] ?? []), ['consent', 'update', consentTypes(only('analytics'))]);
});
