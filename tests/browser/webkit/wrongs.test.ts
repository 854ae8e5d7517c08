// That nothing is wrong is only worth something when what is wrong would be heard.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { webkit } from './webkit.js';

const test = webkit();

test('errors, complaints and requests elsewhere are heard, and what axe finds inside the panel', async (visitor) => {
  await visitor.visitPage('<main></main>');
  await visitor.shown(visitor.first);
  await visitor.browser.evaluate(() => {
    setTimeout(() => {
      throw new Error('uncaught');
    });
    void Promise.reject(new Error('rejected'));
    console.error('a complaint of the page');
    new Image().src = 'http://elsewhere.test/pixel.gif';
    document.querySelector('samtykke-panel')?.shadowRoot?.append(document.createElement('button'));
  });
  const wrongs: string[] = [];
  await until('what is wrong', () => wrongs.push(...visitor.between.wrongs()) === 4);
  for (const wrong of [/uncaught/, /rejected/, /a complaint of the page/, /a request to http:\/\/elsewhere\.test/]) {
    assert(
      wrongs.some((told) => wrong.test(told)),
      `${wrong} in ${wrongs}`,
    );
  }
  assert.match((await visitor.violations()).join(), /^button-name: <button/);
});
