// The marks in a page, in Firefox: held, released in order, taken back; and all of it under a policy of nonces.

import assert from 'node:assert/strict';
import { until } from '../until.js';
import { firefox } from './firefox.js';
import { note } from './visitor.js';

const test = firefox();

const held = (purpose: string, rest: string, text = '') =>
  `<script type="text/plain" data-purpose="${purpose}" ${rest}>${text}</script>`;

const JAVASCRIPT = 'text/javascript';

test('marks are released in the order of the document, each waiting for the one before', async (visitor) => {
  let late = () => {};
  const after = new Promise<void>((done) => {
    late = done;
  });
  await visitor.serve('/test/slow.js', { type: JAVASCRIPT, body: note('slow'), after });
  await visitor.serve('/test/fast.js', { type: JAVASCRIPT, body: note('fast') });
  await visitor.visitPage(
    held('analytics', '', note('first')) +
      held('analytics', 'src="/test/slow.js"') +
      held('advertising', '', note('refused')) +
      held('analytics', '', note('third')) +
      held('analytics', 'src="/test/fast.js"') +
      held('analytics', '', note('last')) +
      held('everything', '', note('unknown')),
  );
  await visitor.shown(visitor.first);
  assert.deepEqual(await visitor.seen(), []);
  await visitor.page.evaluate(() => window.samtykke.set({ analytics: 'granted' }));
  await until('the slow script', () => visitor.requests.some((request) => request.url().endsWith('slow.js')));
  assert.deepEqual(await visitor.seen(), ['first']);
  late();
  await until('the last mark', async () => (await visitor.seen()).includes('last'));
  assert.deepEqual(await visitor.seen(), ['first', 'slow', 'third', 'fast', 'last']);
});

test('frames and images are empty until a yes, and empty again after a no', async (visitor) => {
  await visitor.visitPage(
    '<iframe title="Video" data-src="/demo/video.html" data-purpose="preferences"></iframe>' +
      '<img alt="" data-src="/demo/icon.svg?mark" data-purpose="preferences">',
  );
  await visitor.shown(visitor.first);
  const asked = () => visitor.requests.filter((request) => /video\.html|mark/.test(request.url())).length;
  assert.equal(asked(), 0);
  await visitor.page.evaluate(() => window.samtykke.set({ preferences: 'granted' }));
  await until('the film', () => visitor.page.frames().some((frame) => frame.url().endsWith('/demo/video.html')));
  await until('the image', async () => (await visitor.page.$('img[src="/demo/icon.svg?mark"]')) !== null);
  await visitor.quiet();
  assert.equal(asked(), 2);
  await visitor.page.evaluate(() => window.samtykke.denyAll());
  for (const held of ['iframe:not([src])[data-src]', 'img:not([src])[data-src]']) {
    await until(held, async () => (await visitor.page.$(held)) !== null);
  }
  await until('the frame is empty', () => !visitor.page.frames().some((frame) => frame.url().endsWith('video.html')));
  await visitor.quiet();
  assert.equal(asked(), 2, 'a no asks for nothing once more');
});

test('the film of the shop is held, and shown after a yes, a reload and coming back', async (visitor) => {
  await visitor.visit();
  await visitor.shown('samtykke-embed >>> .box');
  assert.equal(visitor.page.frames().filter((frame) => frame.url().endsWith('video.html')).length, 0);
  await visitor.choose('preferences');
  const film = () => visitor.page.frames().some((frame) => frame.url().endsWith('/demo/video.html'));
  await until('the film', film);
  await visitor.page.reload();
  await until('the film again', film);
  await visitor.visit('/om');
  await visitor.visit('/');
  await until('the film on coming back', film);
});

test('under a policy of nonces, marks, tags and panel come through, and nothing complains', async (visitor) => {
  await visitor.serve('/test/outer.js', { type: JAVASCRIPT, body: note('outer') });
  const policy = "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; connect-src 'self'; img-src 'self'";
  await visitor.visitPage(
    `${held('analytics', 'nonce="n1"', note('inner'))}${held('analytics', 'nonce="n1" src="/test/outer.js"')}
    <p>${'A line. '.repeat(20)}</p>`,
    { policy, script: 'nonce="n1"' },
  );
  const panel = await visitor.shown(visitor.first);
  // It is dressed, although the policy allows no style.
  assert.equal(await panel.evaluate((layer) => getComputedStyle(layer).position), 'fixed');
  await visitor.receipt(() => visitor.click(`${visitor.first} button[name=accept_all]`));
  await until('the marks', async () => (await visitor.seen()).length === 2);
  assert.deepEqual(await visitor.seen(), ['inner', 'outer']);
  await visitor.heard('ga', 'matomo', 'piwik', 'pixel');
});

test('without the nonce on its own script, that policy lets nothing run at all', async (visitor) => {
  visitor.expectComplaint(/Content-Security-Policy/);
  const policy = "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'";
  await visitor.visitPage(held('analytics', '', note('never')), { policy });
  await visitor.quiet();
  assert.equal(await visitor.page.evaluate(() => 'samtykke' in window), false);
  assert.deepEqual(await visitor.seen(), []);
});
