// What is held in Firefox besides marks: placeholders, what comes later, what stands by a service; and who may say yes.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { firefox } from './firefox.js';
import { note } from './visitor.js';

const test = firefox();

const BOX = 'samtykke-embed >>> .box';
const FRAME =
  '<iframe title="A film" width="480" height="270" data-src="/demo/video.html" data-service="video"></iframe>';

test('a placeholder covers a frame to the pixel, and shows it this once without an answer', async (visitor) => {
  await visitor.visitPage(FRAME);
  const box = await visitor.shown(BOX);
  const frame = await visitor.page.$('iframe');
  const rounded = (place: object | null) => Object.values(place ?? {}).map((side) => Math.round(side as number));
  assert.deepEqual(rounded(await box.boundingBox()), rounded((await frame?.boundingBox()) ?? null));
  assert.match(
    await box.evaluate((box) => box.textContent ?? ''),
    /^Demo Video from Demo Video AS has not been loaded/,
  );
  const film = () => visitor.page.frames().some((frame) => frame.url().endsWith('/demo/video.html'));
  assert(!film());
  await visitor.click(`${BOX} button[name=once]`);
  await until('the film', film);
  assert.equal(await visitor.choice(), null);
  assert.deepEqual(await visitor.cookies(), []);
});

test('always is an answer for the service alone, and holds on the next page', async (visitor) => {
  await visitor.visitPage(FRAME);
  await visitor.receipt(() => visitor.click(`${BOX} button[name=always]`));
  assert.deepEqual(await visitor.choice(), {
    preferences: 'denied',
    analytics: 'denied',
    advertising: 'denied',
    video: 'granted',
  });
  await visitor.page.reload();
  await until('the film', () => visitor.page.frames().some((frame) => frame.url().endsWith('/demo/video.html')));
});

test('what a script adds is held, whatever way it comes', async (visitor) => {
  await visitor.visitPage('<main></main>');
  const add = (name: string) =>
    visitor.page.evaluate((text) => {
      const main = document.querySelector('main');
      if (main) main.innerHTML = `<p><script type="text/plain" data-purpose="analytics">${text}</script></p>`;
    }, note(name));
  await add('early');
  await visitor.shown(visitor.first);
  assert.deepEqual(await visitor.seen(), []);
  await visitor.page.evaluate(() => window.samtykke.set({ analytics: 'granted' }));
  await until('the first', async () => (await visitor.seen()).join() === 'early');
  await add('late');
  await until('the second', async () => (await visitor.seen()).join() === 'early,late');
});

test('a minor gets no advertising, whatever was clicked', async (visitor) => {
  const mark = (purpose: string) => `<script type="text/plain" data-purpose="${purpose}">${note(purpose)}</script>`;
  await visitor.visitPage(mark('advertising') + mark('analytics'), { script: 'data-samtykke-minor' });
  await visitor.receipt(() => visitor.click(`${visitor.first} button[name=accept_all]`));
  await until('the mark', async () => (await visitor.seen()).length > 0);
  assert.deepEqual(await visitor.seen(), ['analytics']);
  assert.equal((await visitor.choice())?.advertising, 'denied');
});

test('a click that a script makes says no, and never yes', async (visitor) => {
  await visitor.visit('/om');
  const press = (name: string) =>
    visitor.page.$eval(`${visitor.first} button[name=${name}]`, (button) => (button as HTMLElement).click());
  await visitor.shown(visitor.first);
  await press('accept_all');
  assert.equal(await visitor.choice(), null);
  await visitor.receipt(() => press('reject_all'));
  assert.equal((await visitor.choice())?.analytics, 'denied');
  assert.deepEqual(visitor.tags(), []);
});
