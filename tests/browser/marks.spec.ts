// The marks in a page: held before an answer, released in document order after it, and never for an unknown purpose.

import { note, seen, serveScript, visit } from './pages.js';
import { expect, test } from './test.js';

const held = (purpose: string, rest: string, text = '') =>
  `<script type="text/plain" data-purpose="${purpose}" ${rest}>${text}</script>`;

test('marks are released in the order of the document, each waiting for the one before', async ({ page, service }) => {
  await serveScript(page, 'slow', 300);
  await serveScript(page, 'fast');
  await visit(
    page,
    service,
    held('analytics', '', note('first')) +
      held('analytics', 'src="/test/slow.js"') +
      held('advertising', '', note('refused')) +
      held('analytics', '', note('third')) +
      held('analytics', 'src="/test/fast.js"') +
      held('analytics', '', note('last')),
  );
  expect(await seen(page)).toEqual([]);
  await page.evaluate(() => window.samtykke.set({ analytics: 'granted' }));
  await expect.poll(() => seen(page)).toEqual(['first', 'slow', 'third', 'fast', 'last']);
});

test('a script that does not load keeps nobody waiting', async ({ page, service, expectComplaint }) => {
  expectComplaint(/gone\.js/);
  await page.route('**/test/gone.js', (route) => route.abort());
  await visit(page, service, held('analytics', 'src="/test/gone.js"') + held('analytics', '', note('after')));
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => seen(page)).toEqual(['after']);
});

test('modules run as modules', async ({ page, service }) => {
  const own = `${note('module')} window.isModule = import.meta.url;`;
  await visit(page, service, held('analytics', 'data-type="module"', own));
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => seen(page)).toEqual(['module']);
});

test('under a policy of nonces, marks and panel come through', async ({ page, service }) => {
  await serveScript(page, 'outer');
  const body =
    held('analytics', 'nonce="n1"', note('inner')) +
    held('analytics', 'nonce="n1" src="/test/outer.js"') +
    `<p>${'A line. '.repeat(20)}</p>`;
  const policy = "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; connect-src 'self'; img-src 'self'";
  await visit(page, service, body, { policy, script: 'nonce="n1"' });
  await page.locator('samtykke-panel button[name=accept_all]').click();
  await expect.poll(() => seen(page)).toEqual(['inner', 'outer']);
  await expect.poll(async () => (await service.hits()).map((hit) => hit.collector)).toContain('matomo');
});

test('a mark that a script adds before the answer is held, and one added after it runs', async ({ page, service }) => {
  await visit(page, service, '<main></main>');
  const add = (name: string) =>
    page.evaluate(
      ([text]) => {
        const mark = document.createElement('script');
        mark.type = 'text/plain';
        mark.dataset.purpose = 'analytics';
        mark.text = text ?? '';
        document.querySelector('main')?.append(mark);
      },
      [note(name)],
    );
  await add('early');
  await expect(page.locator('samtykke-panel .first')).toBeVisible();
  expect(await seen(page)).toEqual([]);
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => seen(page)).toEqual(['early']);
  await add('late');
  await expect.poll(() => seen(page)).toEqual(['early', 'late']);
});

test('an unknown purpose is never released', async ({ page, service }) => {
  await visit(
    page,
    service,
    held('everything', '', note('unknown')) + held('', '', note('empty')) + held('analytics', '', note('known')),
  );
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => seen(page)).toEqual(['known']);
  expect(await page.evaluate(() => window.samtykke.granted('everything'))).toBe(false);
});

test('what is necessary runs without an answer', async ({ page, service }) => {
  await visit(page, service, held('necessary', '', note('needed')));
  await expect.poll(() => seen(page)).toEqual(['needed']);
  expect(await page.evaluate(() => window.samtykke.choice)).toBeNull();
});

test('frames and images are empty until a yes, and empty again after a no', async ({ page, service, requests }) => {
  await visit(
    page,
    service,
    '<iframe title="Video" data-src="/demo/video.html" data-purpose="preferences"></iframe>' +
      '<img alt="" data-src="/demo/icon.svg?mark" data-purpose="preferences">',
  );
  await expect(page.locator('samtykke-panel .first')).toBeVisible();
  const asked = () => requests.filter((url) => /video\.html|mark/.test(url)).length;
  expect(asked()).toBe(0);
  await page.evaluate(() => window.samtykke.set({ preferences: 'granted' }));
  await expect(page.frameLocator('iframe').getByRole('heading')).toBeVisible();
  await expect(page.locator('img')).toHaveAttribute('src', '/demo/icon.svg?mark');
  await page.evaluate(() => window.samtykke.denyAll());
  await expect(page.locator('iframe:not([src])[data-src]')).toHaveCount(1);
  await expect(page.locator('img:not([src])[data-src]')).toHaveCount(1);
  expect(page.frames()).toHaveLength(2);
  expect(asked()).toBe(2);
});
