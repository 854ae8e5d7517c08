// When a visitor is asked: once for each notice that asks for more, and never without need.

import type { Page } from '@playwright/test';
import { note, seen, visit } from './pages.js';
import { expect, test } from './test.js';

const SECOND_PIXEL = `
[[services]]
id = "second-pixel"
kind = "pixel"
purpose = "advertising"
url = "/demo/pixel.gif?second"
vendor = "Another AS"
`;

test('a notice that asks for more is asked about again', async ({ shop, page, service }) => {
  await shop.answer('accept_all', '/om');
  await shop.heard('ga', 'pixel');
  // Another vendor under a purpose that was granted.
  await service.publish((file) => file.replace('[texts.nb]', `${SECOND_PIXEL}\n[texts.nb]`));
  await renew(page);
  const before = shop.tags().length;
  await shop.visit('/om');
  await expect(shop.first).toBeVisible();
  expect(await shop.choice()).toBeNull();
  await page.waitForLoadState('networkidle');
  expect(shop.tags()).toHaveLength(before);

  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  expect(await service.history(receipt.capability)).toHaveLength(2);
  await expect.poll(() => shop.tags().some((url) => url.endsWith('?second'))).toBe(true);
});

test('a notice with better words alone disturbs nobody who answered', async ({ shop, page, service }) => {
  await shop.answer('accept_all', '/om');
  await service.publish((file) => file.replace('"Informasjonskapsler hos Naustet"', '"Dine informasjonskapsler"'));
  await renew(page);
  await page.request.delete(`${service.url}/demo/hits`);
  await shop.visit('/om');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel');
  await expect(shop.first).toHaveCount(0);
  await page.evaluate(() => window.samtykke.open());
  await expect(shop.second).toBeVisible();
});

test('a new visitor is shown the new words', async ({ shop, service }) => {
  await service.publish((file) => file.replace('"Informasjonskapsler hos Naustet"', '"Dine informasjonskapsler"'));
  await shop.visit();
  await expect(shop.first.getByRole('heading')).toHaveText('Dine informasjonskapsler');
});

test('a purpose of its own is asked about, and held like the others', async ({ page, service, shop }) => {
  const own = `[[purposes]]\nid = "chat"\nname = { nb = "Prat", en = "Chat", ar = "دردشة" }\ndescription = { nb = "Prat.", en = "Chat.", ar = "دردشة." }\n`;
  await service.publish((file) => file.replace('[[services]]', `${own}\n[[services]]`));
  await visit(page, service, `<script type="text/plain" data-purpose="chat">${note('chat')}</script>`);
  await shop.first.locator('button[name=choose]').click();
  await expect(shop.second.getByRole('switch', { name: 'Chat' })).not.toBeChecked();
  expect(await seen(page)).toEqual([]);
  await shop.switch('chat').check();
  await shop.second.locator('button[name=save]').click();
  await expect.poll(() => seen(page)).toEqual(['chat']);
});

for (const [damage, value] of [
  ['nonsense', 'x'],
  ['cut short', '1.1.0190'],
  ['of another version', '2.1.a.b.c.analytics:1.'],
  ['emptied', ''],
] as const) {
  test(`a choice cookie that is ${damage} grants nothing, and is asked about again`, async ({
    shop,
    service,
    context,
  }) => {
    await context.addCookies([{ name: 'samtykke_shop', value, url: service.url }]);
    await shop.visit();
    await expect(shop.first).toBeVisible();
    expect(await shop.choice()).toBeNull();
    expect(shop.tags()).toEqual([]);
    const recorded = shop.recorded();
    await shop.first.locator('button[name=reject_all]').click();
    expect((await recorded).status()).toBe(201);
  });
}

test('an answer that is too old is asked for again', async ({ shop, page, expectComplaint }) => {
  expectComplaint(/ERR_FAILED/);
  await page.clock.install({ time: Date.now() - 184 * 864e5 });
  // Recorded, it would be as old as the service says.
  await page.route('**/consents', (route) => route.abort());
  await shop.visit('/om');
  await shop.first.locator('button[name=accept_all]').click();
  const names = await shop.cookies();
  expect(names).toContain('samtykke_shop');
  await page.clock.setSystemTime(Date.now());
  await page.reload();
  await expect(shop.first).toBeVisible();
  expect(await shop.choice()).toBeNull();
});

test('a second copy of the script does nothing', async ({ page, service, requests }) => {
  const copy = '<script src="/v1/sites/shop/banner.js"></script>';
  await visit(page, service, `${copy}<script type="text/plain" data-purpose="analytics">${note('once')}</script>`);
  await expect(page.locator('samtykke-panel')).toHaveCount(1);
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(async () => (await service.hits()).map((hit) => hit.collector)).toContain('piwik');
  expect(await seen(page)).toEqual(['once']);
  const defaults = await page.evaluate(
    () => (window.dataLayer ?? []).filter((entry) => (entry as ArrayLike<unknown>)[1] === 'default').length,
  );
  expect(defaults).toBe(1);
  expect(requests.filter((url) => url.endsWith('gtag.js?id=G-DEMO000001'))).toHaveLength(1);
  expect(requests.filter((url) => url.includes('/notice'))).toHaveLength(1);
});

test('the script of an unknown site lets nothing through', async ({ page, service, expectComplaint }) => {
  // A problem is no script: the browser says so twice.
  expectComplaint(/404|MIME type/);
  const mark = `<script type="text/plain" data-purpose="analytics">${note('never')}</script>`;
  await visit(page, service, mark, { site: 'nobody' });
  await page.waitForLoadState('networkidle');
  expect(await page.evaluate(() => 'samtykke' in window)).toBe(false);
  expect(await seen(page)).toEqual([]);
});

/** Forgets the script that the browser may use for five minutes. */
async function renew(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await session.detach();
}
