// Everything by keyboard alone, in Firefox: no trap in the question, a real dialog for the settings, the focus where it belongs.

import assert from 'node:assert/strict';
import type { KeyInput } from 'puppeteer-core';
import { firefox } from './firefox.js';
import type { Visitor } from './visitor.js';

const test = firefox();

/** Over BiDi a key is what it types. */
const SPACE = ' ' as KeyInput;

async function tab(visitor: Visitor, presses = 1): Promise<string[]> {
  const met: string[] = [];
  for (let done = 0; done < presses; done += 1) {
    await visitor.page.keyboard.press('Tab');
    met.push(await visitor.focused());
  }
  return met;
}

test('the keyboard meets the banner first, and goes on to the page', async (visitor) => {
  await visitor.visit();
  await visitor.shown(visitor.first);
  assert.deepEqual(await tab(visitor, 5), ['', 'accept_all', 'reject_all', 'choose', 'skip']);
});

for (const [name, tabs, action] of [
  ['accept_all', 2, 'granted'],
  ['reject_all', 3, 'refused'],
] as const) {
  test(`the keyboard alone can ${name}`, async (visitor) => {
    await visitor.visit();
    await visitor.shown(visitor.first);
    await tab(visitor, tabs);
    const { capability } = await visitor.receipt(() => visitor.page.keyboard.press('Enter'));
    await visitor.gone(visitor.first);
    assert.deepEqual(
      (await visitor.service.history(capability)).map(({ record }) => record.action),
      [action],
    );
  });
}

test('the keyboard alone can choose and save', async (visitor) => {
  await visitor.visit('/en');
  await visitor.shown(visitor.first);
  await tab(visitor, 4);
  await visitor.page.keyboard.press('Enter');
  await visitor.shown(visitor.second);
  const met: string[] = [];
  while (met.at(-1) !== 'save') {
    met.push(...(await tab(visitor)));
    if (met.at(-1) === 'analytics') await visitor.page.keyboard.press(SPACE);
  }
  assert.deepEqual(
    met.filter((name) => ['preferences', 'analytics', 'advertising'].includes(name)),
    ['preferences', 'analytics', 'advertising'],
  );
  await visitor.receipt(() => visitor.page.keyboard.press('Enter'));
  await visitor.gone(visitor.second);
  assert.deepEqual(await visitor.choice(), { preferences: 'denied', analytics: 'granted', advertising: 'denied' });
});

test('the settings keep the focus inside, and Escape leaves them without an answer', async (visitor) => {
  await visitor.visit();
  await visitor.click(`${visitor.first} button[name=choose]`);
  await visitor.shown(visitor.second);
  for (let presses = 0; presses < 15; presses += 1) {
    await visitor.page.keyboard.press('Tab');
    const outside = await visitor.page.evaluate(() => document.activeElement?.closest('body *')?.tagName ?? null);
    assert.equal(outside, null);
  }
  await visitor.page.keyboard.press('Escape');
  await visitor.gone(visitor.second);
  assert.equal(await visitor.focused(), 'choose');
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(await visitor.cookies(), []);
});

test('Escape on the first layer is no answer', async (visitor) => {
  await visitor.visit();
  await visitor.shown(visitor.first);
  await tab(visitor, 2);
  await visitor.page.keyboard.press('Escape');
  await visitor.quiet();
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(await visitor.cookies(), []);
  assert.deepEqual(visitor.tags(), []);
});

test('after the settings, the focus is back where they were opened', async (visitor) => {
  await visitor.answer('reject_all');
  const link = await visitor.shown('.bottom [data-samtykke=open]');
  await link.focus();
  await visitor.page.keyboard.press('Enter');
  await visitor.shown(visitor.second);
  await visitor.page.keyboard.press('Escape');
  await visitor.gone(visitor.second);
  assert.equal(await link.evaluate((element) => element === document.activeElement), true);
});
