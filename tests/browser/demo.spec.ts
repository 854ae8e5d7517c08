// The demonstration tells what happens: the list of events, the receipt, the history and its erasure.

import { expect, test } from './test.js';

test('the list tells what was held, released and sent, in the order of time', async ({ shop, page }) => {
  await shop.answer('accept_all', '/en');
  const rows = page.locator('#log li');
  for (const name of ['ga', 'matomo', 'piwik', 'pixel', 'video']) {
    for (const kind of ['held', 'released', 'sent']) {
      await expect(page.locator(`#log li[data-kind=${kind}][data-name=${name}]`)).not.toHaveCount(0);
    }
  }
  for (const name of ['snippet', 'retarget']) {
    await expect(page.locator(`#log li[data-kind=released][data-name=${name}]`)).toHaveCount(1);
  }
  await expect(page.locator('#log li[data-kind=choice]')).toHaveCount(1);
  await expect(page.locator('#log li[data-kind=receipt]')).toHaveCount(1);
  const times = await rows.evaluateAll((all: HTMLElement[]) => all.map((row) => Number(row.dataset.at)));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const order = await rows.evaluateAll((all: HTMLElement[]) =>
    all.map((row) => `${row.dataset.kind} ${row.dataset.name}`),
  );
  expect(order.indexOf('held ga')).toBeLessThan(order.indexOf('choice choice'));
  expect(order.indexOf('choice choice')).toBeLessThan(order.indexOf('released ga'));
  expect(order.indexOf('released ga')).toBeLessThan(order.indexOf('sent ga'));
});

test('the cart tells the tags what was chosen only after a yes', async ({ shop, page }) => {
  await shop.visit('/en');
  await page.getByRole('button', { name: 'Choose Jolle' }).click();
  await expect(page.locator('#cart')).toContainText('Jolle');
  await shop.first.locator('button[name=accept_all]').click();
  await shop.heard('ga', 'matomo', 'piwik');
  await page.getByRole('button', { name: 'Choose Sjekte' }).click();
  await expect.poll(async () => (await shop.hits('matomo')).some((hit) => hit.query.includes('e_n=Sjekte'))).toBe(true);
  const told = (await shop.service.hits()).map((hit) => hit.query).join('\n');
  expect(told).toContain('ep.item=Sjekte');
  expect(told).not.toContain('Jolle');
});

test('the receipt opens the history, and erases it', async ({ shop, page, service }) => {
  await shop.answer('reject_all', '/en');
  await expect(page.locator('#receipt-record')).toBeVisible();
  await page.locator('#history-show').click();
  await expect(page.locator('#history li')).toHaveCount(1);
  await page.evaluate(() => window.samtykke.set({ preferences: 'granted' }));
  await expect(page.locator('#log li[data-kind=receipt]')).toHaveCount(2);
  await page.evaluate(() => window.samtykke.set({ preferences: 'denied' }));
  await expect(page.locator('#log li[data-kind=receipt]')).toHaveCount(3);
  // The place in the ledger comes about a second after the answer.
  await expect(async () => {
    await page.locator('#history-show').click();
    await expect(page.locator('#history li a')).toHaveCount(3, { timeout: 500 });
  }).toPass();
  const told = page.locator('#history li');
  await expect(told).toContainText(['No to all', 'Yes to some', 'Yes taken back']);
  const proof = await page.request.get(service.url + (await told.nth(2).locator('a').getAttribute('href')));
  expect(await proof.text()).toContain('c2sp.org/tlog-proof@v1');
  await page.locator('#history-erase').click();
  await expect(page.locator('#history-status')).toHaveText('3 answers are erased.');
  await page.locator('#history-show').click();
  await expect(page.locator('#history-status')).toHaveText('0 answers are kept:');
  await expect(page.locator('#history li')).toHaveCount(0);
});

test('a receipt that comes before the live panel is shown all the same', async ({ shop, page, expectComplaint }) => {
  expectComplaint(/ERR_FAILED/);
  await page.route('**/consents', (route) => route.abort());
  await shop.visit('/en');
  const failed = page.waitForEvent('requestfailed');
  await shop.first.locator('button[name=reject_all]').click();
  await failed;
  await page.unroute('**/consents');
  const recorded = shop.recorded();
  await page.route('**/demo/shop.js', async (route) => {
    await recorded;
    await route.continue();
  });
  await page.reload();
  await expect(page.locator('#receipt-record')).toBeVisible();
});

test('the list can be emptied', async ({ shop, page }) => {
  await shop.answer('accept_all', '/en');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel', 'video');
  await page.locator('#clear').click();
  await expect.poll(() => shop.service.hits()).toEqual([]);
});
