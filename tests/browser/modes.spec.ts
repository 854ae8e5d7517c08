// Services that run before an answer, where a site file says so against the usual: and never after a no.

import { from } from './places.js';
import { expect, test } from './test.js';

const matomo = (mode: string) => (file: string) => file.replace('mode = "held"', `mode = "${mode}"`);

test('Google Analytics in advanced mode is loaded under the denied default, and not after a no', async ({
  shop,
  page,
  service,
}) => {
  await service.publish((file) => file.replace('mode = "basic"', 'mode = "advanced"'));
  const script = (url: string) => url.includes('/demo/ga/gtag.js');
  await shop.visit('/om');
  await expect.poll(() => shop.requests.filter(script)).toHaveLength(1);
  const first = await page.evaluate(() => Array.from((window.dataLayer ?? [])[0] as ArrayLike<unknown>));
  expect(first.slice(0, 2)).toEqual(['consent', 'default']);
  expect(first[2]).toMatchObject({ analytics_storage: 'denied', ad_storage: 'denied' });
  expect(await shop.cookies()).toEqual([]);
  const recorded = shop.recorded();
  await shop.first.locator('button[name=reject_all]').click();
  await recorded;
  expect(await page.evaluate(() => window['ga-disable-G-DEMO000001'])).toBe(true);
  await page.reload();
  await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'denied');
  await page.waitForLoadState('networkidle');
  expect(shop.requests.filter(script)).toHaveLength(1);
});

test('Matomo that requires consent is loaded at once, and sends nothing before a yes', async ({
  shop,
  page,
  service,
}) => {
  await service.publish(matomo('require_consent'));
  await shop.visit('/om');
  await expect.poll(() => shop.requests.some((url) => url.endsWith('/demo/matomo/matomo.js'))).toBe(true);
  await page.waitForLoadState('networkidle');
  expect(await service.hits()).toEqual([]);
  expect(await shop.cookies()).toEqual([]);
  await shop.first.locator('button[name=accept_all]').click();
  await shop.heard('matomo');
  const [hit] = await shop.hits('matomo');
  expect(new URLSearchParams(hit?.query).get('consent')).toBe('1');
});

test('Matomo without cookies measures where the law allows it, until a no', async ({
  shop,
  page,
  service,
  context,
}) => {
  await service.publish(matomo('cookieless'));
  await from(page, 'FR');
  await shop.visit('/om');
  expect(await shop.heard('matomo')).toEqual(['matomo']);
  await expect(shop.first).toBeVisible();
  expect(await context.cookies()).toEqual([]);
  const recorded = shop.recorded();
  await shop.first.locator('button[name=reject_all]').click();
  await recorded;
  const before = (await service.hits()).length;
  await page.evaluate(() => window._paq?.push(['trackEvent', 'after', 'no']));
  await page.reload();
  await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'denied');
  await page.waitForLoadState('networkidle');
  expect(await service.hits()).toHaveLength(before);
});

test('and nowhere else', async ({ shop, page, service }) => {
  await service.publish(matomo('cookieless'));
  await from(page, 'NO');
  await shop.visit('/om');
  await expect(shop.first).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(shop.tags()).toEqual([]);
  expect(await service.hits()).toEqual([]);
});
