// Every kind of mark-up that can load something: held before an answer, wherever and however it comes into the page, and
// released once.

import type { Page } from '@playwright/test';
import { note, seen, serveScript, visit } from './pages.js';
import { expect, test } from './test.js';

const grant = (page: Page, choice: Record<string, 'granted' | 'denied'>) =>
  page.evaluate((choice) => window.samtykke.set(choice), choice);

test('scripts of every kind run once, those that wait in the order of the document', async ({ page, service }) => {
  for (const name of ['plain', 'deferred', 'soon', 'module']) await serveScript(page, name);
  const held = (rest: string, text = '') =>
    `<script type="text/plain" data-purpose="analytics" ${rest}>${text}</script>`;
  const body =
    held('src="/test/plain.js"') +
    held('defer src="/test/deferred.js"') +
    held('', note('inline')) +
    held('async src="/test/soon.js"') +
    held('data-type="module" src="/test/module.js"') +
    held('id="kept" data-extra="1"', 'window.kept = document.currentScript.id + document.currentScript.dataset.extra;');
  await visit(page, service, body);
  await page.waitForLoadState('networkidle');
  expect(await seen(page)).toEqual([]);
  await grant(page, { analytics: 'granted' });
  await expect.poll(() => seen(page)).toHaveLength(5);
  const ran = await seen(page);
  expect(ran.filter((name) => !/soon|module/.test(name))).toEqual(['plain', 'deferred', 'inline']);
  expect(await page.evaluate(() => (window as { kept?: string }).kept)).toBe('kept1');
  // An answer that says the same again runs nothing again.
  await grant(page, { analytics: 'granted' });
  await page.waitForLoadState('networkidle');
  expect(await seen(page)).toHaveLength(5);
});

test('a mark before the gate is held like one after it', async ({ page, service }) => {
  const head = `<script type="text/plain" data-purpose="analytics">${note('before')}</script>`;
  await visit(page, service, `<script type="text/plain" data-purpose="analytics">${note('after')}</script>`, { head });
  expect(await seen(page)).toEqual([]);
  await grant(page, { analytics: 'granted' });
  await expect.poll(() => seen(page)).toEqual(['before', 'after']);
});

test('what document.write and innerHTML bring is held, and released', async ({ page, service }) => {
  const mark = (name: string) => `<script type="text/plain" data-purpose="analytics">${note(name)}<\\/script>`;
  const body =
    `<script>document.write(${JSON.stringify(mark('written')).replaceAll('<\\\\/', '<\\/')});</script>` +
    '<main></main>';
  await visit(page, service, body);
  expect(await seen(page)).toEqual([]);
  await grant(page, { analytics: 'granted' });
  await expect.poll(() => seen(page)).toEqual(['written']);
  await page.evaluate((text) => {
    const main = document.querySelector('main');
    if (main) main.innerHTML = `<p><script type="text/plain" data-purpose="analytics">${text}</script></p>`;
  }, note('inner'));
  await expect.poll(() => seen(page)).toEqual(['written', 'inner']);
});

test('a page that changes its content without loading is held page by page', async ({ page, service, requests }) => {
  await visit(page, service, '<main></main>');
  const turn = (path: string, html: string) =>
    page.evaluate(
      ([path, html]) => {
        history.pushState(null, '', path);
        const main = document.querySelector('main');
        if (main) main.innerHTML = html ?? '';
      },
      [path, html],
    );
  const picture = (name: string) => `<img alt="" data-src="/demo/icon.svg?${name}" data-purpose="preferences">`;
  await turn('/test/one', picture('one'));
  await expect(page.locator('samtykke-panel .first')).toBeVisible();
  await grant(page, { preferences: 'granted' });
  await expect(page.locator('img')).toHaveAttribute('src', '/demo/icon.svg?one');
  await turn('/test/two', picture('two'));
  await expect(page.locator('img')).toHaveAttribute('src', '/demo/icon.svg?two');
  await grant(page, { preferences: 'denied' });
  await turn('/test/three', picture('three'));
  await page.waitForLoadState('networkidle');
  expect(requests.filter((url) => url.includes('icon.svg')).map((url) => url.replace(/.*\?/, ''))).toEqual([
    'one',
    'two',
  ]);
});

test('links, films, their sources and posters are held too', async ({ page, service, requests }) => {
  await page.route('**/test/*.css', (route) => route.fulfill({ contentType: 'text/css', body: 'main{color:red}' }));
  await page.route('**/test/*.webm', (route) => route.fulfill({ contentType: 'video/webm', body: '' }));
  const head = '<link rel="stylesheet" data-href="/test/fonts.css" data-purpose="preferences">';
  const body =
    '<video data-src="/test/a.webm" data-poster="/demo/icon.svg?poster" data-purpose="preferences" controls></video>' +
    '<video controls><source data-src="/test/b.webm" data-purpose="preferences"></video>' +
    '<img alt="" data-srcset="/demo/icon.svg?set 1x" data-purpose="preferences">';
  await visit(page, service, body, { head });
  await page.waitForLoadState('networkidle');
  const asked = () => requests.map((url) => /fonts\.css|[ab]\.webm|poster|set$/.exec(url)?.[0]).filter(Boolean);
  expect(asked()).toEqual([]);
  await grant(page, { preferences: 'granted' });
  await expect.poll(() => [...new Set(asked())].sort()).toEqual(['a.webm', 'b.webm', 'fonts.css', 'poster', 'set']);
});

test('a mark may name a service, which may have an answer of its own', async ({ page, service }) => {
  const mark = (name: string) => `<script type="text/plain" data-service="${name}">${note(name)}</script>`;
  await visit(page, service, mark('pixel') + mark('video') + mark('nobody'));
  await grant(page, { video: 'granted' });
  await expect.poll(() => seen(page)).toEqual(['video']);
  const said = await page.evaluate(() => ['video', 'preferences', 'pixel', 'nobody'].map(window.samtykke.granted));
  expect(said).toEqual([true, false, false, false]);
  await grant(page, { advertising: 'granted', pixel: 'denied' });
  await page.reload();
  await expect.poll(() => seen(page)).toEqual(['video']);
  expect(await page.evaluate(() => window.samtykke.choice)).toEqual({
    preferences: 'denied',
    analytics: 'denied',
    advertising: 'granted',
    video: 'granted',
    pixel: 'denied',
  });
});

test('what a vendor breaks keeps the others from nothing', async ({ page, service, context }) => {
  context.removeAllListeners('weberror');
  const body =
    '<script type="text/plain" data-purpose="analytics">throw new Error("a broken tag");</script>' +
    `<script type="text/plain" data-purpose="analytics">${note('next')}</script>`;
  await visit(page, service, body);
  await grant(page, { analytics: 'granted' });
  await expect.poll(() => seen(page)).toEqual(['next']);
});
