// Every language says what English says: the same keys in the same order, and the same places left open.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

/** The tests run in build/tests. */
const FOLDER = resolve('../../src/texts');
/** The EU's twenty-four, Norway's three, their neighbours', and those spoken where the banner's sites are visited from. */
const SPOKEN =
  'ar bg ca cs da de el en es et eu fi fr ga gl he hr hu is it ja ko lt lv mt nb nl nn pl pt pt-BR ro se sk sl sv tr uk zh-Hans';

type Texts = Record<string, string>;

const all = readdirSync(FOLDER).filter((file) => /^[a-z]{2}(-\w+)?\.json$/.test(file));
const languages = all.map((file) => file.replace('.json', ''));
const read = (language: string): Texts => {
  const { '//': _, ...texts } = JSON.parse(readFileSync(`${FOLDER}/${language}.json`, 'utf8')) as Texts;
  return texts;
};
const en = read('en');
const places = (text = '') => (text.match(/\{\w+\}/g) ?? []).sort();

test('the panel speaks these languages', () => {
  assert.deepEqual([...languages].sort(), SPOKEN.split(' ').sort());
});

for (const language of languages) {
  const texts = read(language);

  test(`${language} says what English says, and leaves the same places open`, () => {
    assert.deepEqual(Object.keys(texts), Object.keys(en));
    for (const [key, text] of Object.entries(en)) {
      assert.ok(texts[key]?.trim(), key);
      assert.deepEqual(places(texts[key]), places(text), key);
      assert.doesNotMatch(texts[key] ?? '', /[<>]|\s$|^\s/, key);
    }
  });

  test(`${language} names the Google account that advertising may be linked to`, () => {
    assert.match(texts.purpose_advertising_description ?? '', /Google/);
  });

  test(`${language} has answers that are of much the same length`, () => {
    const lengths = ['accept_all', 'reject_all', 'choose'].map((key) => [...(texts[key] ?? '')].length);
    assert.ok(Math.max(...lengths) <= 24, `${lengths}`);
  });
}
