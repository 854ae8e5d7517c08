// The service is down: the page goes on, nothing is let through that was not allowed, and no answer is lost.

import type { Page } from '@playwright/test';
import { expect, test } from './test.js';

const GRANTED = { preferences: 'granted', analytics: 'granted', advertising: 'granted' };
const FAILED = /Failed to load resource|ERR_FAILED|ERR_CONNECTION_REFUSED/;

/** Lets no request to this part of the service through, until the answer is called. */
async function cut(page: Page, part: string): Promise<() => Promise<void>> {
  await page.route(part, (route) => route.abort());
  return () => page.unroute(part);
}

/** Everything that the page sends as a consent, from now on. */
function bodiesOf(page: Page): (string | null)[] {
  const bodies: (string | null)[] = [];
  page.on('request', (request) => request.url().endsWith('/consents') && bodies.push(request.postData()));
  return bodies;
}

for (const part of ['**/v1/panel.*', '**/v1/sites/shop/notice*']) {
  test(`without ${part}, nothing is let through and the page works`, async ({ shop, page, expectComplaint }) => {
    expectComplaint(FAILED);
    const warned = page.waitForEvent('console', (message) => message.type() === 'warning');
    const restore = await cut(page, part);
    await shop.visit('/en');
    await warned;
    await page.getByRole('button', { name: 'Choose Jolle' }).click();
    await expect(page.locator('#cart')).toContainText('Jolle is in your cart');
    expect(shop.tags()).toEqual([]);
    expect(await shop.cookies()).toEqual([]);

    await restore();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await expect(shop.first).toBeVisible();
  });
}

test('without the script, marks stay held, and the page works', async ({ shop, page, expectComplaint }) => {
  expectComplaint(FAILED);
  await cut(page, '**/banner.js');
  await shop.visit('/en');
  await expect(page.locator('#log li[data-kind=blocked]')).toHaveCount(1);
  await page.locator('.bottom [data-samtykke=open]').click();
  await page.getByRole('button', { name: 'Choose Jolle' }).click();
  await expect(page.locator('#cart')).toContainText('Jolle is in your cart');
  expect(await page.evaluate(() => 'samtykke' in window)).toBe(false);
  expect(shop.tags()).toEqual([]);
  expect(await shop.cookies()).toEqual([]);
});

test('a kept choice lets through with nothing of the service but its script', async ({
  shop,
  page,
  expectComplaint,
}) => {
  await shop.answer('accept_all');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel', 'video');
  expectComplaint(FAILED);
  for (const part of ['**/v1/panel.*', '**/notice*', '**/consents']) await cut(page, part);
  await page.request.delete(`${shop.service.url}/demo/hits`);
  await shop.visit('/');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel', 'video');
});

test('an answer that cannot be sent holds, and is sent the same when the network is back', async ({
  shop,
  page,
  expectComplaint,
}) => {
  expectComplaint(FAILED);
  const bodies = bodiesOf(page);
  const restore = await cut(page, '**/consents');
  await shop.visit('/om');
  const failed = page.waitForEvent('requestfailed');
  await shop.first.locator('button[name=accept_all]').click();
  await failed;
  await shop.heard('ga', 'matomo', 'piwik', 'pixel');
  expect(await shop.choice()).toEqual(GRANTED);

  await restore();
  const receipt = await shop.receipt(() => page.evaluate(() => dispatchEvent(new Event('online'))));
  expect(await shop.service.history(receipt.capability)).toHaveLength(1);
  expect(bodies.length).toBeGreaterThanOrEqual(2);
  expect(new Set(bodies).size).toBe(1);
});

test('an answer that was given while the service was down reaches it from the next page', async ({
  shop,
  page,
  service,
  expectComplaint,
}) => {
  expectComplaint(FAILED);
  const bodies = bodiesOf(page);
  await shop.visit('/om');
  await expect(shop.first).toBeVisible();
  await service.stop();
  const failed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/consents'));
  await shop.first.locator('button[name=reject_all]').click();
  await failed;
  await page.goto('about:blank');

  await service.start();
  const recorded = shop.recorded();
  await shop.visit('/en');
  expect((await recorded).status()).toBe(201);
  await expect(page.locator('#receipt-record')).toBeVisible();
  await page.locator('#history-show').click();
  await expect(page.locator('#history li')).toHaveCount(1);
  await expect(page.locator('#history li')).toHaveAttribute('data-action', 'refused');
  expect(new Set(bodies).size).toBe(1);

  // Once recorded, it is not sent again.
  const sent = bodies.length;
  await page.reload();
  await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'denied');
  await page.waitForLoadState('networkidle');
  expect(bodies).toHaveLength(sent);
});

test('an answer whose receipt was lost on the way is recorded once', async ({ shop, page, expectComplaint }) => {
  expectComplaint(FAILED);
  await page.route(
    '**/consents',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await shop.visit('/om');
  const failed = page.waitForEvent('requestfailed');
  await shop.first.locator('button[name=accept_all]').click();
  await failed;
  const receipt = await shop.receipt(() => page.evaluate(() => dispatchEvent(new Event('online'))));
  expect(await shop.service.history(receipt.capability)).toHaveLength(1);
});
