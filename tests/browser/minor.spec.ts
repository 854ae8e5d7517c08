// Somebody whom the page marks as a minor gets no advertising, whatever was clicked.

import { note, seen, visit } from './pages.js';
import { expect, test } from './test.js';

const MARKS =
  `<script type="text/plain" data-purpose="advertising">${note('advertising')}</script>` +
  `<script type="text/plain" data-purpose="analytics">${note('analytics')}</script>`;
const SPARED = {
  preferences: 'granted',
  analytics: 'granted',
  advertising: 'denied',
};

test('a page says so on the script: a yes to all is none to advertising, and is recorded so', async ({
  page,
  service,
  shop,
}) => {
  await visit(page, service, MARKS, { script: 'data-samtykke-minor' });
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await expect.poll(() => seen(page)).toEqual(['analytics']);
  expect(await shop.choice()).toEqual(SPARED);
  const [kept] = await service.history(receipt.capability);
  expect(kept?.record).toMatchObject({ action: 'partial', choice: SPARED });
  expect((await service.hits()).map(({ collector }) => collector)).not.toContain('pixel');
  await page.evaluate(() => window.samtykke.open());
  await expect(shop.switch('advertising')).toBeDisabled();
  await expect(shop.switch('analytics')).toBeEnabled();
});

test('a placeholder offers a minor no advertising, also when the page says so after it was drawn', async ({
  page,
  service,
  requests,
}) => {
  const frame = (purpose: string) =>
    `<iframe title="A film" width="480" height="270" data-src="/demo/video.html?${purpose}" data-purpose="${purpose}"></iframe>`;
  await visit(page, service, frame('advertising') + frame('preferences'));
  const boxes = page.locator('samtykke-embed .box');
  await expect(boxes).toHaveCount(2);
  await page.evaluate(() => window.samtykke.minor());
  for (const name of ['once', 'always']) await boxes.first().locator(`button[name=${name}]`).click();
  await boxes.last().locator('button[name=once]').click();
  await expect(page.frameLocator('iframe[src]').getByRole('heading')).toBeVisible();
  await visit(page, service, frame('advertising') + frame('preferences'), { script: 'data-samtykke-minor' });
  await expect(boxes).toHaveCount(1);
  expect(await page.evaluate(() => window.samtykke.choice)).toBeNull();
  expect(requests.filter((url) => url.includes('video.html?')).map((url) => url.replace(/.*\?/, ''))).toEqual([
    'preferences',
  ]);
});

test('the API says so later, and takes a yes from before out of force', async ({ page, service, shop }) => {
  await visit(page, service, '');
  await shop.first.locator('button[name=accept_all]').click();
  await shop.heard('pixel');
  expect(await page.evaluate(() => window.samtykke.granted('advertising'))).toBe(true);
  await page.evaluate(() => window.samtykke.minor());
  const said = await page.evaluate(() => ['advertising', 'pixel', 'analytics'].map(window.samtykke.granted));
  expect(said).toEqual([false, false, true]);
  const last = await page.evaluate(() =>
    (window.dataLayer ?? [])
      .map((entry) => Array.from(entry as ArrayLike<unknown>))
      .filter(([verb]) => verb === 'consent')
      .at(-1),
  );
  expect(last?.[2]).toMatchObject({
    ad_storage: 'denied',
    ad_user_data: 'denied',
    analytics_storage: 'granted',
  });
});

test('a stored yes releases no advertising on a page that says so', async ({ page, service, shop }) => {
  await shop.answer('accept_all', '/om');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel');
  await page.request.delete(`${service.url}/demo/hits`);
  await visit(page, service, MARKS, { script: 'data-samtykke-minor' });
  await expect.poll(() => seen(page)).toEqual(['analytics']);
  await shop.heard('ga');
  expect((await service.hits()).map(({ collector }) => collector)).not.toContain('pixel');
});
