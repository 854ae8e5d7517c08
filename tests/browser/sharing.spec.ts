// One choice for the hosts of a domain, set by the service where it shares it; and a choice that is carried to another domain.

import type { BrowserContext, Page } from '@playwright/test';
import type { Service } from './service.js';
import { expect, test } from './test.js';

/** Pages of two hosts of one domain, and of another domain, with the service on a host of the first. */
async function pages(page: Page, service: Service) {
  const { port } = new URL(service.url);
  const origin = (host: string) => `http://${host}:${port}`;
  const hosts = ['www.naustet.test', 'shop.naustet.test', 'www.other.test'].map(origin);
  const base = origin('consent.naustet.test');
  await page.context().route('**/elsewhere*', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="en"><head><title>A page elsewhere</title>
        <script src="${base}/v1/sites/shop/banner.js"></script></head>
        <body><a href="${hosts[2]}/elsewhere">Our other shop</a></body></html>`,
    }),
  );
  return { hosts, base };
}

const file =
  (origins: string[], more = '') =>
  (text: string) =>
    text.replace(
      /^origins = .*$/m,
      (line) => `${line.slice(0, -1)}, ${origins.map((o) => `"${o}"`).join(', ')}]\n${more}`,
    );

const cookies = async (context: BrowserContext) =>
  (await context.cookies())
    .filter(({ name }) => name === 'samtykke_shop')
    .map(({ domain, value }) => ({ domain, value }));

test('hosts of one domain share a choice, which the service sets itself', async ({ page, service, shop, context }) => {
  const { hosts } = await pages(page, service);
  await service.publish(file(hosts));
  await page.goto(`${hosts[0]}/elsewhere`);
  const recorded = page.waitForResponse(
    (answer) => /consents$/.test(answer.url()) && answer.request().method() === 'POST',
  );
  await shop.first.locator('button[name=accept_all]').click();
  const set = await (await recorded).headerValue('set-cookie');
  expect(set).toMatch(/^samtykke_shop\.=2\..*\.; Path=\/; SameSite=Lax; Max-Age=\d+; Domain=naustet\.test$/);
  const copies = (await context.cookies()).filter(({ name }) => name === 'samtykke_shop.');
  expect(copies.map(({ domain, value }) => ({ domain, value }))).toEqual([
    { domain: '.naustet.test', value: set?.split(/[=;]/)[1] },
  ]);
  await expect.poll(() => cookies(context)).toHaveLength(1);
  await page.goto(`${hosts[1]}/elsewhere`);
  expect(await page.evaluate(() => window.samtykke.granted('analytics'))).toBe(true);
  await page.evaluate(() => window.samtykke.denyAll());
  await page.goto(`${hosts[0]}/elsewhere`);
  expect(await page.evaluate(() => window.samtykke.granted('analytics'))).toBe(false);
  expect(await cookies(context)).toHaveLength(1);
});

test('where a browser has cut the own cookie short, the service’s copy of it holds', async ({
  page,
  service,
  shop,
}) => {
  await service.publish();
  await shop.answer('accept_all', '/om');
  await page.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: as Safari does after a week
    document.cookie = 'samtykke_shop=; Max-Age=0; Path=/';
  });
  await page.reload();
  expect(await shop.choice()).toEqual({ preferences: 'granted', analytics: 'granted', advertising: 'granted' });
  await expect(shop.first).toHaveCount(0);
});

test('a cookie of the host alone, from before, gives way to the shared one', async ({ page, service, context }) => {
  const { hosts } = await pages(page, service);
  const [www = ''] = hosts;
  // From before there were two hosts: its own.
  await service.publish((text) =>
    text
      .replace(/^origins = .*$/m, `origins = ["${www}", "http://published-1.naustet.example"]`)
      .replace('published-1.naustet.example', 'published-1.naustet.test'),
  );
  await page.goto(`${www}/elsewhere`);
  await page.evaluate(() => window.samtykke.denyAll());
  await service.publish(file(hosts));
  const session = await context.newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await page.goto(`${www}/elsewhere`);
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => cookies(context)).toHaveLength(1);
  expect((await cookies(context))[0]?.domain).toBe('.naustet.test');
  await page.goto(`${hosts[1]}/elsewhere`);
  expect(await page.evaluate(() => window.samtykke.granted('analytics'))).toBe(true);
});

test('an answer that arrives late does not undo the one after it', async ({ page, service, shop, context }) => {
  await service.publish();
  // The first answer is on its way while the second is given.
  let release = () => {};
  const held = new Promise<void>((done) => {
    release = done;
  });
  let first = true;
  await page.route('**/consents', async (route) => {
    const response = await route.fetch();
    if (first) {
      first = false;
      await held;
    }
    await route.fulfill({ response });
  });
  await shop.visit('/om');
  await shop.first.locator('button[name=accept_all]').click();
  await page.evaluate(() => window.samtykke.denyAll());
  release();
  await expect.poll(async () => (await cookies(context))[0]?.value ?? '').toMatch(/analytics:0.*\.$/);
  await page.reload();
  expect(await shop.choice()).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
});

test('a link carries the choice to another domain of the site, where that is switched on', async ({
  page,
  service,
  shop,
  context,
}) => {
  const { hosts } = await pages(page, service);
  await service.publish(file(hosts, `links = ["${hosts[0]}", "${hosts[2]}"]`));
  await page.goto(`${hosts[0]}/elsewhere`);
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  const asked = page.waitForResponse('**/links');
  await page.getByRole('link').hover();
  await (await asked).finished();
  await page.getByRole('link').click();
  await page.waitForURL(`${hosts[2]}/elsewhere`);
  await expect.poll(() => page.evaluate(() => window.samtykke.granted('advertising'))).toBe(true);
  expect(page.url()).toBe(`${hosts[2]}/elsewhere`);
  await expect(shop.first).toHaveCount(0);
  // The same visitor, and no new record.
  expect(await service.history(receipt.capability)).toHaveLength(1);
  const domains = (await cookies(context)).map(({ domain }) => domain).sort();
  expect(domains).toEqual(['.naustet.test', 'www.other.test']);
});

test('without it a link is left alone, and the other domain asks for itself', async ({ page, service, shop }) => {
  const { hosts } = await pages(page, service);
  await service.publish(file(hosts));
  await page.goto(`${hosts[0]}/elsewhere`);
  await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await page.getByRole('link').hover();
  await page.getByRole('link').click();
  await page.waitForURL(`${hosts[2]}/elsewhere`);
  await expect(shop.first).toBeVisible();
  expect(await page.evaluate(() => window.samtykke.choice)).toBeNull();
});
