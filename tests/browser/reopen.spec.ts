// The button that opens the settings, for pages without a link of their own: there once there is an answer, and it can be moved.

import { AxeBuilder } from '@axe-core/playwright';
import type { Locator } from '@playwright/test';
import { visit } from './pages.js';
import { expect, test } from './test.js';

const BODY = '<main><h1>A page</h1></main>';

test.beforeEach(async ({ service }) => {
  await service.publish((file) => file.replace('[look]', '[look]\nbutton = "start"'));
});

/** Whether it stands on the left. */
async function isLeft(button: Locator): Promise<boolean> {
  const box = await button.boundingBox();
  return (box?.x ?? 0) < 640;
}

test('it comes with an answer, opens the settings, and gets the focus back', async ({ page, service, shop }) => {
  await visit(page, service, BODY, { language: 'nb' });
  const button = page.getByRole('button', { name: 'Personvernvalgene dine' });
  await shop.first.waitFor();
  await expect(button).toHaveCount(0);
  await shop.first.locator('button[name=reject_all]').click();
  await expect(button).toBeVisible();
  await page.reload();
  await expect(button).toBeVisible();
  const box = await button.boundingBox();
  expect([box?.width, box?.height]).toEqual([44, 44]);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await button.click();
  await expect(shop.second).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(shop.second).toHaveCount(0);
  await expect(button).toBeFocused();
});

test('it moves by dragging, by keys, and by a button beside it', async ({ page, service, shop }) => {
  await visit(page, service, BODY, { language: 'en' });
  await shop.first.locator('button[name=reject_all]').click();
  const button = page.getByRole('button', { name: 'Your privacy choices' });
  await button.waitFor();
  expect(await isLeft(button)).toBe(true);

  await button.focus();
  await page.keyboard.press('ArrowRight');
  expect(await isLeft(button)).toBe(false);
  await page.keyboard.press('ArrowLeft');
  expect(await isLeft(button)).toBe(true);

  const move = page.getByRole('button', { name: 'Move this button to the other side' });
  await move.click();
  expect(await isLeft(button)).toBe(false);

  await button.hover();
  await page.mouse.down();
  await page.mouse.move(500, 700, { steps: 4 });
  await page.mouse.move(100, 700, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => isLeft(button)).toBe(true);
  await expect(shop.second).toHaveCount(0);
});

test('a page that hides everything leaves it, and in Arabic it stands on the right', async ({
  page,
  service,
  shop,
}) => {
  const head = '<style>html > * { display: none !important; all: unset; font-size: 3px !important }</style>';
  await visit(page, service, BODY, { language: 'ar', head: head.replace('html > *', 'body > *') });
  await shop.first.locator('button[name=reject_all]').click();
  const button = page.locator('samtykke-button button[name=open]');
  await expect(button).toBeVisible();
  expect(await isLeft(button)).toBe(false);
});
