// The service on an origin of its own, as most sites have it: everything the page asks for crosses origins.

import { expect, test } from './test.js';

test('a page of the site is served across origins, from the script to its own history', async ({
  page,
  service,
  shop,
}) => {
  await service.publish();
  const html = `<!doctype html><html lang="en"><head><title>A page elsewhere</title>
    <script src="${service.url}/v1/sites/shop/banner.js"></script></head><body></body></html>`;
  await page.route('**/elsewhere', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.goto(`${service.named}/elsewhere`);
  expect(new URL(page.url()).origin).not.toBe(service.url);

  const receipt = await shop.receipt(() => shop.first.locator('button[name=reject_all]').click());
  expect(await page.evaluate(() => document.cookie)).toMatch(/^samtykke_shop=[^;]*\.$/);

  const history = async (method: string) =>
    page.evaluate(
      async ([address, capability, method]) => {
        const headers = { Authorization: `Bearer ${capability}` };
        return (await fetch(`${address}/v1/sites/shop/visitors/me`, { method, headers })).json();
      },
      [service.url, receipt.capability, method] as const,
    );
  expect(await history('GET')).toMatchObject({ consents: [{ record: { action: 'refused', method: 'reject_all' } }] });
  expect(await history('DELETE')).toEqual({ erased: 1 });
});

test('a page of nobody may load the script, and is heard in nothing', async ({ page, service, expectComplaint }) => {
  expectComplaint(/CORS|ERR_FAILED/);
  const html = `<!doctype html><html lang="en"><head><title>A page of nobody</title>
    <script src="${service.url}/v1/sites/shop/banner.js"></script></head><body></body></html>`;
  await page.route('**/nobody', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  const refused = page.waitForEvent('requestfailed', (request) => request.url().includes('/notice'));
  await page.goto(`${service.url.replace('127.0.0.1', 'nobody.naustet.test')}/nobody`);
  await refused;
  const unheard = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/consents'));
  await page.evaluate(() => window.samtykke.grantAll());
  await unheard;
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('route="/v1/sites/{site}/consents",status="403"');
  expect(metrics).not.toMatch(/^samtykke_consents_total\{/m);
});
