// What each answer lets through, on this page, after a reload and on the next page, in both languages.

import { expect, test } from './test.js';

const ALL = ['ga', 'matomo', 'piwik', 'pixel', 'video'];
const TAG_COOKIES = ['_ga', '_ga_DEMO000001', '_pk_id.1.demo', '_pk_id.2.demo', '_pk_ses.1.demo', '_pk_ses.2.demo'];

for (const [language, start, next] of [
  ['Norwegian', '/', '/om'],
  ['English', '/en', '/en/about'],
] as const) {
  test(`in ${language}, a yes to all lets every tag through, here and on the next page`, async ({ shop, page }) => {
    await shop.answer('accept_all', start);
    expect(await shop.heard(...ALL)).toEqual([...ALL].sort());
    await expect(page.locator('#for-you .offer')).toBeVisible();
    expect(await shop.cookies()).toEqual([...TAG_COOKIES, 'samtykke_shop']);
    for (const path of [start, next]) {
      await page.request.delete(`${shop.service.url}/demo/hits`);
      await shop.visit(path);
      await shop.heard('ga', 'matomo', 'piwik', 'pixel');
      await expect(shop.first).toHaveCount(0);
    }
  });

  test(`in ${language}, a no to all lets nothing through, here and on the next page`, async ({ shop, page }) => {
    await shop.answer('reject_all', start);
    for (const path of [start, next]) {
      await shop.visit(path);
      await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'denied');
      await page.waitForLoadState('networkidle');
    }
    expect(shop.tags()).toEqual([]);
    expect(await shop.service.hits()).toEqual([]);
    expect(await shop.cookies()).toEqual(['samtykke_shop']);
    await expect(shop.first).toHaveCount(0);
  });
}

test('a yes to one purpose lets only that one through', async ({ shop, page }) => {
  await shop.choose('analytics');
  expect(await shop.heard('ga', 'matomo', 'piwik')).toEqual(['ga', 'matomo', 'piwik']);
  expect(await shop.choice()).toEqual({ preferences: 'denied', analytics: 'granted', advertising: 'denied' });
  await shop.visit('/om');
  await page.waitForLoadState('networkidle');
  expect(shop.tags().filter((url) => /pixel|video|retarget/.test(url))).toEqual([]);
  expect(await shop.cookies()).toEqual([...TAG_COOKIES, 'samtykke_shop']);
});

test('a yes to the other purpose leaves measuring out', async ({ shop, page }) => {
  await shop.choose('preferences', 'advertising');
  expect(await shop.heard('pixel', 'video')).toEqual(['pixel', 'video']);
  await expect(page.locator('#for-you .offer')).toBeVisible();
  await expect(page.frameLocator('.video iframe').getByRole('heading')).toBeVisible();
  expect(shop.tags().filter((url) => /\/(ga|matomo|piwik)\//.test(url))).toEqual([]);
  expect(await shop.cookies()).toEqual(['samtykke_shop']);
});

test('a frame that was allowed is there again, after a reload and on coming back', async ({ shop, page }) => {
  await shop.choose('preferences');
  const film = page.frameLocator('.video iframe').getByRole('heading');
  await expect(film).toBeVisible();
  await page.reload();
  await expect(film).toBeVisible();
  await shop.visit('/om');
  await shop.visit('/');
  await expect(film).toBeVisible();
});

test('a choice that is kept asks the service for nothing but its script', async ({ shop, page }) => {
  await shop.answer('accept_all');
  await shop.heard(...ALL);
  await page.request.delete(`${shop.service.url}/demo/hits`);
  const before = shop.requests.length;
  await shop.visit('/');
  await shop.heard(...ALL);
  await page.waitForLoadState('networkidle');
  const asked = shop.requests.slice(before).filter((url) => url.includes('/v1/'));
  expect(asked).toEqual([`${shop.service.url}/v1/sites/shop/banner.js`]);
});

test('a hit goes out under the consent that was given', async ({ shop }) => {
  await shop.choose('analytics');
  await shop.heard('ga', 'matomo');
  const [google] = await shop.hits('ga');
  expect(new URLSearchParams(google?.query).get('gcs')).toBe('G101');
  const [matomo] = await shop.hits('matomo');
  expect(new URLSearchParams(matomo?.query).get('consent')).toBe('1');
});

test('a yes updates every type of consent mode before a tag is configured', async ({ shop, page }) => {
  await shop.choose('analytics');
  const words = () =>
    page.evaluate(() =>
      (window.dataLayer ?? []).map((entry) => Array.from(entry as ArrayLike<unknown>)).filter((words) => words.length),
    );
  const commands = async () => (await words()).map(([command]) => command);
  await expect.poll(commands).toEqual(['consent', 'set', 'consent', 'js', 'config', 'event']);
  expect((await words())[2]).toEqual([
    'consent',
    'update',
    {
      ad_storage: 'denied',
      ad_user_data: 'denied',
      ad_personalization: 'denied',
      analytics_storage: 'granted',
      functionality_storage: 'denied',
      personalization_storage: 'denied',
      security_storage: 'granted',
    },
  ]);
});

test('a synthetic click on no, as privacy tools make it, counts', async ({ shop }) => {
  await shop.visit();
  const recorded = shop.recorded();
  await shop.first.locator('button[name=reject_all]').evaluate((button: HTMLElement) => button.click());
  expect((await recorded).status()).toBe(201);
  expect(await shop.choice()).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  await expect(shop.first).toHaveCount(0);
});

test('closing the settings is no answer', async ({ shop, page }) => {
  await shop.visit();
  await shop.first.locator('button[name=choose]').click();
  await shop.switch('analytics').check();
  await shop.second.locator('button[name=close]').click();
  await expect(shop.second).toHaveCount(0);
  await expect(shop.first).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(await shop.choice()).toBeNull();
  expect(await shop.cookies()).toEqual([]);
  expect(shop.tags()).toEqual([]);
});
