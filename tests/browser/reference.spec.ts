// The reference of the API, as a page: read without JavaScript, on any width, in light and in dark.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './test.js';

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the contents lead to an operation, which leads to what is sent and to what can go wrong', async ({
    page,
    service,
  }) => {
    await page.goto(`${service.url}/docs`);
    await page.getByRole('link', { name: 'Who may be reached, of up to 10,000' }).first().click();
    await expect(page).toHaveURL(/#lookupPeople$/);
    const operation = page.getByRole('article', { name: 'Who may be reached, of up to 10,000' });
    await expect(operation).toBeInViewport();
    await expect(operation).toContainText('people:read');
    await expect(operation).toContainText("curl 'https://consent.example.no/v1/sites/shop/people/lookup'");

    await operation.getByRole('link', { name: 'Lookup' }).click();
    const fields = page.getByRole('article', { name: 'Lookup', exact: true });
    await expect(fields).toBeInViewport();
    await expect(fields.getByRole('row', { name: /^refs/ })).toContainText('at most 10000');

    await operation.getByRole('link', { name: 'insufficient-scope' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The token may not do this');
  });

  test('at 320 px nothing lies beside the page', async ({ page, service }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${service.url}/docs`);
    const beside = (parts: Element[]) => parts.filter((part) => part.getBoundingClientRect().right > 320).length;
    expect(await page.locator('body *').count()).toBeGreaterThan(1000);
    expect(await page.locator('body *').evaluateAll(beside)).toBe(0);
  });
});

// What a width changes is one and the same in both colours, and axe takes long for so long a page.
for (const [colorScheme, width] of [
  ['light', 320],
  ['dark', 1280],
] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test(`axe finds nothing at ${width} px`, async ({ page, service }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${service.url}/docs`);
      // Bringing what is well out of the page, node by node, would take longer than looking for what is not. The legacy mode sees no frames,
      // and the page has none.
      const options = { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations' as const] };
      const scanned = new AxeBuilder({ page }).options(options).setLegacyMode(true);
      expect((await scanned.analyze()).violations).toEqual([]);
    });
  });
}
