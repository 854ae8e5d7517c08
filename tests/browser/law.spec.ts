// What the law where the visitor is makes of silence, and what a browser's own signal changes.

import type { Receipt } from '../../banner/src/gate/api.js';
import { from, withControl, withDoNotTrack } from './places.js';
import { expect, test } from './test.js';

const DENIED = {
  preferences: 'denied',
  analytics: 'denied',
  advertising: 'denied',
};

for (const place of ['NO', 'DE', 'CA-QC', 'XX', '']) {
  test(`in "${place}", nothing runs before a yes`, async ({ shop, page }) => {
    await from(page, place);
    await shop.visit('/en');
    await expect(shop.first).toBeVisible();
    await page.waitForLoadState('networkidle');
    expect(shop.tags()).toEqual([]);
    expect(await shop.service.hits()).toEqual([]);
  });
}

test('where the law takes silence for a yes, everything runs until a no, and nothing is stored for it', async ({
  shop,
  page,
  context,
}) => {
  await from(page, 'US-TX');
  await shop.visit('/en');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel', 'video');
  await expect(shop.first.getByRole('heading')).toHaveText('Your privacy choices');
  await expect(shop.first).toContainText('You can say no to all of it');
  expect(await shop.choice()).toBeNull();
  expect((await context.cookies()).map(({ name }) => name)).not.toContain('samtykke_shop');
  // The offers run in the page itself, so a new page is needed to be rid of them.
  await Promise.all([page.waitForEvent('load'), shop.first.locator('button[name=reject_all]').click()]);
  await page.request.delete(`${shop.service.url}/demo/hits`);
  await page.reload();
  await page.waitForLoadState('networkidle');
  expect(await shop.service.hits()).toEqual([]);
  expect(await shop.choice()).toEqual(DENIED);
});

test('an answer that was given there travels, and silence does not', async ({ shop, page }) => {
  await from(page, 'US-TX');
  await shop.visit('/en');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel', 'video');
  await from(page, 'NO');
  await page.request.delete(`${shop.service.url}/demo/hits`);
  await shop.visit('/en');
  await expect(shop.first).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(await shop.service.hits()).toEqual([]);
});

test('in California, Global Privacy Control is obeyed without a click, recorded once, and the visitor is told', async ({
  shop,
  page,
  service,
}) => {
  await withControl(page, 'US-CA');
  const recorded = shop.recorded();
  await shop.visit('/en');
  const receipt: Required<Receipt> = await (await recorded).json();
  await expect(page.locator('samtykke-panel [role=status]')).toHaveText(/^Opt-out request honored/);
  await expect(shop.first).toHaveCount(0);
  expect(shop.tags()).toEqual([]);
  expect(await shop.choice()).toEqual(DENIED);
  const [kept] = await service.history(receipt.capability);
  expect(kept?.record).toMatchObject({
    action: 'refused',
    method: 'signal',
    regime: { model: 'opt-out', found: 'header' },
    signals: ['gpc'],
  });
  await page.reload();
  await page.waitForLoadState('networkidle');
  expect(await service.history(receipt.capability)).toHaveLength(1);
  // Who wants it all the same says so, and both stand in the record.
  await page.locator('.bottom [data-samtykke=open]').click();
  await expect(shop.second.getByRole('heading', { level: 2 })).toHaveText('Your privacy choices');
  await expect(shop.second.getByText(/^Opt-out request honored/)).toBeVisible();
  for (const made of await shop.second.locator('input[role=switch]').all()) await expect(made).not.toBeChecked();
  await shop.switch('analytics').check();
  const changed = shop.recorded();
  await shop.second.locator('button[name=save]').click();
  await changed;
  await shop.heard('ga');
  const after = await service.history(receipt.capability);
  expect(after.map(({ record }) => record.action)).toEqual(['refused', 'partial']);
});

test('a yes from before the browser sent the signal is taken back by it where it binds, and stands where it does not', async ({
  shop,
  page,
  service,
  context,
}) => {
  await from(page, 'US-CA');
  await shop.visit('/om');
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await withControl(page, 'NO');
  await shop.visit('/om');
  await expect
    .poll(async () => (await context.cookies()).find(({ name }) => name === 'samtykke_shop')?.value)
    .toMatch(/^2g/);
  expect(await page.evaluate(() => window.samtykke.granted('advertising'))).toBe(true);
  expect(await service.history(receipt.capability)).toHaveLength(1);

  await context.clearCookies();
  await page.setExtraHTTPHeaders({ 'x-region': 'US-CA' });
  const plain = await context.newPage();
  await plain.setExtraHTTPHeaders({ 'x-region': 'US-CA' });
  await plain.goto(`${service.url}/om`);
  await plain.locator('samtykke-panel button[name=accept_all]').click();
  await expect.poll(() => plain.evaluate(() => window.samtykke.receipt)).not.toBeNull();
  await withControl(page, 'US-CA');
  const taken = shop.recorded();
  await shop.visit('/om');
  const back: Required<Receipt> = await (await taken).json();
  expect(await shop.choice()).toEqual(DENIED);
  const told = (await service.history(back.capability)).map(({ record }) => [record.action, record.method]);
  expect(told).toEqual([
    ['granted', 'accept_all'],
    ['withdrawn', 'signal'],
  ]);
});

test('where silence is a no, a visitor with Global Privacy Control is still asked, and the signal recorded', async ({
  shop,
  page,
  service,
}) => {
  await withControl(page, 'NO');
  await shop.visit('/en');
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  const [kept] = await service.history(receipt.capability);
  expect(kept?.record).toMatchObject({
    action: 'granted',
    regime: { model: 'opt-in', found: 'header' },
    signals: ['gpc'],
  });
});

test('Do Not Track is a refusal, unless the site says otherwise', async ({ shop, page, service }) => {
  await withDoNotTrack(page);
  const recorded = shop.recorded();
  await shop.visit('/en');
  const receipt: Required<Receipt> = await (await recorded).json();
  const [kept] = await service.history(receipt.capability);
  expect(kept?.record).toMatchObject({
    action: 'refused',
    method: 'signal',
    signals: ['dnt'],
  });
  await expect(shop.first).toHaveCount(0);
  await service.publish((file) => file.replace('dnt = true', 'dnt = false'));
  await page.context().clearCookies();
  await shop.visit('/en');
  await expect(shop.first).toBeVisible();
});

test('a yes and a no are kept as long as the law says', async ({ shop, page, context }) => {
  const days = async () => {
    const cookie = (await context.cookies()).find(({ name }) => name === 'samtykke_shop');
    return Math.round(((cookie?.expires ?? 0) - Date.now() / 1e3) / 86400);
  };
  await from(page, 'FR');
  await shop.answer('accept_all', '/om');
  const yes = await days();
  await page.evaluate(() => window.samtykke.open());
  const recorded = shop.recorded();
  await shop.second.locator('button[name=reject_all]').click();
  await recorded;
  expect(await days()).toBeGreaterThanOrEqual(yes);
  expect(yes).toBeGreaterThan(150);
  expect(yes).toBeLessThan(200);
});
