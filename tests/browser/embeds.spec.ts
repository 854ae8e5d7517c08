// Placeholders: a frame that is held says what would load from whom, keeps its size, and can be shown this once or always.

import type { Page } from '@playwright/test';
import { visit } from './pages.js';
import { expect, test } from './test.js';

const FRAME =
  '<iframe title="A film" width="480" height="270" data-src="/demo/video.html" data-service="video"></iframe>';
const box = (page: Page) => page.locator('samtykke-embed .box');

test('it covers what it stands for, moves nothing, and says what would load from whom', async ({ page, service }) => {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await visit(page, service, `<p>Before</p>${FRAME}<p>After</p>`);
  await expect(box(page)).toBeVisible();
  await expect(box(page)).toContainText('Demo Video from Demo Video AS has not been loaded');
  await expect(box(page)).toContainText('127.0.0.1');
  const [own, frame] = [await box(page).boundingBox(), await page.locator('iframe').boundingBox()];
  expect(own).toEqual(frame);
  expect(await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)).toEqual([]);
  await page.evaluate(() => document.querySelector('iframe')?.setAttribute('width', '300'));
  await expect
    .poll(async () => (await box(page).boundingBox())?.width)
    .toBe((await page.locator('iframe').boundingBox())?.width);
});

test('this once shows one, and is no answer', async ({ page, service, context }) => {
  await visit(page, service, FRAME + FRAME);
  await expect(box(page)).toHaveCount(2);
  await box(page).first().locator('button[name=once]').click();
  await expect(page.frameLocator('iframe').first().getByRole('heading')).toBeVisible();
  await expect(box(page).nth(0)).toBeHidden();
  await expect(box(page).nth(1)).toBeVisible();
  expect(await page.evaluate(() => window.samtykke.choice)).toBeNull();
  expect(await context.cookies()).toEqual([]);
});

test('always is an answer for this service alone, here and on the next page', async ({ page, service, shop }) => {
  await visit(page, service, FRAME);
  const receipt = await shop.receipt(() => box(page).locator('button[name=always]').click());
  await expect(page.frameLocator('iframe').getByRole('heading')).toBeVisible();
  const [kept] = await service.history(receipt.capability);
  expect(kept?.record).toMatchObject({ action: 'partial', method: 'save' });
  await page.reload();
  await expect(page.frameLocator('iframe').getByRole('heading')).toBeVisible();
  await expect(shop.first).toHaveCount(0);
  await page.evaluate(() => window.samtykke.open());
  await expect(shop.switch('preferences')).not.toBeChecked();
  await shop.second.locator('li', { hasText: 'Demo Video' }).locator('summary').click();
  await expect(shop.second.getByRole('checkbox', { name: 'Demo Video' })).toBeChecked();
});

test('a visitor who said no still sees the words, and a withdrawal brings them back', async ({
  page,
  service,
  shop,
}) => {
  await visit(page, service, FRAME);
  await shop.first.locator('button[name=reject_all]').click();
  await page.reload();
  await expect(box(page)).toBeVisible();
  await page.evaluate(() => window.samtykke.grantAll());
  await expect(page.frameLocator('iframe').getByRole('heading')).toBeVisible();
  await expect(box(page)).toBeHidden();
  await page.evaluate(() => window.samtykke.denyAll());
  await expect(box(page)).toBeVisible();
  await expect(page.locator('iframe:not([src])')).toHaveCount(1);
});

test('a click that a script makes shows nothing', async ({ page, service, requests }) => {
  await visit(page, service, FRAME);
  for (const name of ['once', 'always']) {
    await box(page)
      .locator(`button[name=${name}]`)
      .evaluate((button: HTMLElement) => button.click());
  }
  await page.waitForLoadState('networkidle');
  expect(requests.filter((url) => url.includes('video.html'))).toEqual([]);
  expect(await page.evaluate(() => window.samtykke.choice)).toBeNull();
});

test('a frame without room for words has none, and one of an unknown purpose offers nothing', async ({
  page,
  service,
}) => {
  const small = FRAME.replace('width="480" height="270"', 'width="1" height="1"');
  const unknown = FRAME.replace('data-service="video"', 'data-purpose="everything"');
  await visit(page, service, small + unknown + FRAME);
  await expect(box(page).last()).toBeVisible();
  await expect(page.locator('samtykke-embed')).toHaveCount(2);
  await expect(box(page).first()).toBeHidden();
});

test('an address that is none keeps the others from nothing', async ({ page, service }) => {
  const broken = FRAME.replace('/demo/video.html', 'https://[');
  await visit(page, service, broken + FRAME);
  await expect(box(page)).toHaveCount(2);
  await box(page).last().locator('button[name=once]').click();
  await expect(page.frameLocator('iframe[src]').getByRole('heading')).toBeVisible();
});

test('they speak the language of the page', async ({ page, service }) => {
  await visit(page, service, FRAME, { language: 'nb' });
  await expect(box(page)).toContainText('er ikke lastet inn');
  await expect(box(page).locator('button')).toHaveText(['Vis denne gangen', 'Vis alltid']);
});
