// The looks, as pictures: a layout that changes changes one of these. `npx playwright test gallery --update-snapshots` takes them anew,
// and they are to be looked at then. What differs from machine to machine, the fonts above all, may differ a little.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './test.js';

const SCREENS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 760 } };
const LAYOUTS = [
  'layout=bar',
  'layout=bar&position=top',
  'layout=box',
  'layout=box&position=end',
  'layout=centred',
  'layer=2',
];

for (const [device, viewport] of Object.entries(SCREENS)) {
  for (const theme of ['light', 'dark']) {
    for (const language of ['nb', 'ar']) {
      test(`the looks on a ${device}, ${theme}, in ${language}`, async ({ page, service }) => {
        await page.setViewportSize(viewport);
        for (const layout of LAYOUTS) {
          await page.goto(`${service.url}/v1/sites/shop/preview?lang=${language}&theme=${theme}&${layout}`);
          await page.locator('samtykke-panel :is(.first, .second)').waitFor();
          const name = `${device}-${theme}-${language}-${layout.replace(/\w+=/g, '').replace('&', '-')}.png`;
          await expect.soft(page).toHaveScreenshot(name, { maxDiffPixelRatio: 0.03, threshold: 0.3 });
        }
      });
    }
  }
}

test('the gallery shows them all', async ({ page, service }) => {
  await page.goto(`${service.url}/gallery`);
  await expect(page.locator('#gallery figure')).toHaveCount(20);
  const frames = page.locator('#gallery iframe');
  const shown = frames.first().contentFrame().locator('samtykke-panel .first');
  await expect(shown).toContainText('Informasjonskapsler hos Naustet');
  await page.locator('select[name=lang]').selectOption('ar');
  await expect(frames.first().contentFrame().locator('samtykke-panel')).toHaveAttribute('dir', 'rtl');
  await page.locator('select[name=layer]').selectOption('2');
  await expect(frames.first().contentFrame().locator('samtykke-panel dialog')).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze();
  expect(violations).toEqual([]);
});
