import assert from 'node:assert/strict';
import { test } from 'node:test';
import da from './da.json';
import de from './de.json';
import en from './en.json';
import nb from './nb.json';
import nn from './nn.json';
import sv from './sv.json';

const languages: Record<string, Record<string, string>> = { da, de, nb, nn, sv };
const places = (text = '') => (text.match(/\{\w+\}/g) ?? []).sort();

for (const [language, texts] of Object.entries(languages)) {
  test(`${language} says what English says, and leaves the same places open`, () => {
    assert.deepEqual(Object.keys(texts), Object.keys(en));
    for (const [key, text] of Object.entries(en)) {
      assert.ok(texts[key]?.trim(), key);
      assert.deepEqual(places(texts[key]), places(text), key);
    }
  });
}

test('advertising names the Google account that it may be linked to', () => {
  for (const { purpose_advertising_description } of [da, de, en, nb, nn, sv]) {
    assert.match(purpose_advertising_description, /Google/);
  }
});
