// A consent that cannot be recorded cannot be proved, and does not hold.

import { expect, test } from './test.js';

test('a consent that the service refuses for good does not hold', async ({ shop, page, expectComplaint }) => {
  expectComplaint(/422/);
  await page.route('**/consents', (route) => route.fulfill({ status: 422, body: '{}' }), { times: 1 });
  await shop.visit('/om');
  const refused = shop.recorded();
  await shop.first.locator('button[name=accept_all]').click();
  await refused;
  await expect.poll(() => shop.choice()).toBeNull();
  await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'none');
  await expect.poll(() => shop.cookies()).toEqual([]);
  const tags = shop.tags().length;
  await shop.visit('/om');
  await expect(shop.first).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(shop.tags()).toHaveLength(tags);
});
