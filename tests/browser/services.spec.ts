// The services that the shop does not have: Universal Analytics, Google Tag Manager, Google's own addresses, any script.

import type { Page } from '@playwright/test';
import { note, seen, visit } from './pages.js';
import { expect, test } from './test.js';

const SERVICES = `
[[services]]
id = "old"
kind = "ua"
purpose = "analytics"
key = "UA-12345-1"

[[services]]
id = "manager"
kind = "gtm"
purpose = "advertising"
key = "GTM-ABC123"

[[services]]
id = "chat"
kind = "script"
purpose = "preferences"
url = "/test/chat.js"
`;

const GOOGLE = /^https:\/\/www\.googletagmanager\.com\//;
const UA = 'https://www.googletagmanager.com/gtag/js?id=UA-12345-1';
const GTM = 'https://www.googletagmanager.com/gtm.js?id=GTM-ABC123';

/** Stands in for Google, so that nothing leaves this machine. */
async function standIn(page: Page): Promise<void> {
  await page.route(GOOGLE, (route) => {
    const name = route.request().url().includes('gtm.js') ? 'gtm' : 'ua';
    return route.fulfill({ contentType: 'text/javascript', body: note(name) });
  });
  await page.route('**/test/chat.js', (route) => route.fulfill({ contentType: 'text/javascript', body: note('chat') }));
}

/** The entries of the dataLayer as lists, whether they were pushed as arguments or as an object. */
async function dataLayer(page: Page): Promise<unknown[][]> {
  return page.evaluate(() =>
    (window.dataLayer ?? []).map((entry) =>
      'length' in (entry as object) ? Array.from(entry as ArrayLike<unknown>) : [Object.keys(entry as object)],
    ),
  );
}

test.beforeEach(async ({ page, service, expectComplaint }) => {
  expectComplaint(GOOGLE);
  await service.publish((file) => file.replace(/\[\[services\]\][\s\S]*(?=\n\[texts\.nb\])/, SERVICES));
  await standIn(page);
  await visit(page, service, '');
});

test('none of them is loaded before an answer, and none after a no', async ({ page, shop, requests }) => {
  await expect(shop.first).toBeVisible();
  await shop.first.locator('button[name=reject_all]').click();
  await page.reload();
  await page.waitForLoadState('networkidle');
  expect(requests.filter((url) => GOOGLE.test(url) || url.endsWith('chat.js'))).toEqual([]);
  expect(await seen(page)).toEqual([]);
});

test('each is loaded from its own address after a yes, once it is told so', async ({ page, shop, requests }) => {
  await shop.first.locator('button[name=accept_all]').click();
  await expect.poll(() => seen(page)).toHaveLength(3);
  expect((await seen(page)).sort()).toEqual(['chat', 'gtm', 'ua']);
  expect(requests.filter((url) => GOOGLE.test(url)).sort()).toEqual([UA, GTM].sort());
  const layer = await dataLayer(page);
  const place = (entry: unknown[]) => layer.findIndex((found) => JSON.stringify(found) === JSON.stringify(entry));
  const update = layer.findIndex(([verb, what]) => verb === 'consent' && what === 'update');
  expect(layer[0]?.slice(0, 2)).toEqual(['consent', 'default']);
  expect(update).toBeGreaterThan(0);
  expect(place(['config', 'UA-12345-1'])).toBeGreaterThan(update);
  expect(place([['gtm.start', 'event']])).toBeGreaterThan(update);
});

test('what cannot be silenced is gone after a no, since the page is loaded anew', async ({ page, shop, requests }) => {
  await shop.first.locator('button[name=accept_all]').click();
  await expect.poll(() => seen(page)).toHaveLength(3);
  requests.length = 0;
  const loaded = page.waitForEvent('load');
  await page.evaluate(() => window.samtykke.denyAll());
  await loaded;
  await page.waitForLoadState('networkidle');
  expect(await seen(page)).toEqual([]);
  expect(requests.filter((url) => GOOGLE.test(url) || url.endsWith('chat.js'))).toEqual([]);
  expect(await shop.choice()).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
});

test('Universal Analytics alone is switched off without a new page, and on again', async ({ page }) => {
  await page.evaluate(() => window.samtykke.set({ analytics: 'granted' }));
  await expect.poll(() => seen(page)).toEqual(['ua']);
  await page.evaluate(() => window.samtykke.denyAll());
  expect(await page.evaluate(() => window['ga-disable-UA-12345-1'])).toBe(true);
  expect(await seen(page)).toEqual(['ua']);
  await page.evaluate(() => window.samtykke.set({ analytics: 'granted' }));
  await expect.poll(() => page.evaluate(() => window['ga-disable-UA-12345-1'])).toBe(false);
  expect(await seen(page), 'it is told, and not started again').toEqual(['ua']);
});
