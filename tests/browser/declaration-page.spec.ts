// The declaration as a page of its own: read without JavaScript, by everybody, on any width.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './test.js';

const PATH = '/v1/sites/shop/declaration';

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the page tells what is kept, by whom and for how long, and leads to its other language', async ({
    page,
    service,
  }) => {
    await page.goto(`${service.url}${PATH}?lang=nb`);
    await expect(page.locator('html')).toHaveAttribute('lang', 'nb');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Dette lagrer Naustet på enheten din');
    const purposes = ['Nødvendige', 'Tilpasning', 'Analyse', 'Markedsføring'];
    await expect(page.getByRole('heading', { level: 2 })).toHaveText(purposes);
    const analytics = page.getByRole('article', { name: 'Google Analytics' });
    await expect(analytics).toContainText('USA');
    await expect(analytics.getByRole('row', { name: '_ga_*' })).toContainText('2 år');
    await expect(page.getByRole('article', { name: 'Naustet' })).toContainText('samtykke_shop');
    await expect(page.getByRole('link', { name: 'Datatilsynet' })).toBeVisible();

    await page.getByRole('link', { name: 'English' }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await expect(page.getByRole('link', { name: 'English' })).toHaveAttribute('aria-current', 'page');
    await expect(analytics.getByRole('row', { name: '_ga_*' })).toContainText('2 years');
  });

  test('its style is allowed by its own policy', async ({ page, service }) => {
    await page.goto(`${service.url}${PATH}`);
    await expect(page.locator('body')).not.toHaveCSS('max-width', 'none');
  });

  for (const width of [320, 390]) {
    test(`at ${width} px nothing lies beside the page`, async ({ page, service }) => {
      const long = 'x'.repeat(80);
      await service.publish((file) => file.replace('[texts.nb]', `[texts.nb]\nlifetime = "${long}"`));
      await page.setViewportSize({ width, height: 640 });
      await page.goto(`${service.url}${PATH}?lang=nb`);
      await expect(page.getByText(long).first()).toBeVisible();
      for (const part of await page.locator('body *:visible').all()) {
        const box = await part.boundingBox();
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
      }
    });
  }
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const width of [320, 1280]) {
      test(`axe finds nothing at ${width} px`, async ({ page, service }) => {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${service.url}${PATH}?lang=en`);
        const scanned = new AxeBuilder({ page }).options({ rules: { 'target-size': { enabled: true } } });
        expect((await scanned.analyze()).violations).toEqual([]);
      });
    }
  });
}
