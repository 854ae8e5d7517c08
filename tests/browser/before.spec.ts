// Invariant 1: before an answer nothing is stored on the device, nothing is read from it, and no tag runs.

import { expect, test } from './test.js';

for (const path of ['/', '/en', '/om', '/en/about']) {
  test(`before an answer, ${path} asks no tag and no collector for anything`, async ({ shop, page }) => {
    await shop.visit(path);
    await expect(shop.first).toBeVisible();
    await page.waitForLoadState('networkidle');
    expect(shop.tags()).toEqual([]);
    expect(await shop.service.hits()).toEqual([]);
  });
}

test('before an answer, nothing is stored on the device', async ({ shop, page, context }) => {
  await shop.visit();
  await expect(shop.first).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(await context.cookies()).toEqual([]);
  const stored = await page.evaluate(async () => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: await indexedDB.databases(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  expect(stored).toEqual({ local: [], session: [], databases: [], workers: 0 });
});

test('the first word to Google is the full denied default', async ({ shop, page }) => {
  await shop.visit();
  const layer = await page.evaluate(() =>
    (window.dataLayer ?? []).map((entry) => ({
      kind: Object.prototype.toString.call(entry),
      words: Array.from(entry as ArrayLike<unknown>),
    })),
  );
  expect(layer[0]).toEqual({
    kind: '[object Arguments]',
    words: [
      'consent',
      'default',
      {
        ad_storage: 'denied',
        ad_user_data: 'denied',
        ad_personalization: 'denied',
        analytics_storage: 'denied',
        functionality_storage: 'denied',
        personalization_storage: 'denied',
        security_storage: 'granted',
        wait_for_update: 500,
      },
    ],
  });
  expect(layer[1]).toEqual({ kind: '[object Arguments]', words: ['set', 'ads_data_redaction', true] });
  expect(layer).toHaveLength(2);
});

test('the script adds samtykke and dataLayer to the page, and nothing else', async ({
  shop,
  page,
  expectComplaint,
}) => {
  const names = () => page.evaluate(() => Object.getOwnPropertyNames(window).sort());
  expectComplaint(/banner\.js/);
  await page.route('**/banner.js', (route) => route.abort());
  await shop.visit();
  const without = await names();
  await page.unroute('**/banner.js');
  await shop.visit();
  await expect(shop.first).toBeVisible();
  const added = (await names()).filter((name) => !without.includes(name));
  expect(added).toEqual(['dataLayer', 'samtykke']);
});

test('without an answer the demonstration says so', async ({ shop, page }) => {
  await shop.visit();
  for (const name of ['ga', 'matomo', 'piwik', 'pixel', 'snippet', 'retarget', 'video']) {
    await expect(page.locator(`#log li[data-kind=held][data-name=${name}]`)).toHaveCount(1);
  }
  await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'none');
  await expect(page.locator('#choice [data-purpose=necessary]')).toHaveAttribute('data-state', 'always');
  await expect(page.locator('#cookies [data-cookie]')).toHaveCount(0);
});
