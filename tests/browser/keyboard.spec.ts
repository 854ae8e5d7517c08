// Everything by keyboard alone: no trap in the question, a real dialog for the settings, and the focus where it belongs.

import type { Page } from '@playwright/test';
import { expect, test } from './test.js';

/** The name, or the tag, of what has the focus, also inside the panel. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active?.getAttribute('name') ?? active?.className ?? '';
  });
}

test('the banner takes no focus when it comes', async ({ shop, page }) => {
  await shop.visit();
  await expect(shop.first).toBeVisible();
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
});

test('the keyboard meets the banner first, and goes on to the page', async ({ shop, page }) => {
  await shop.visit();
  await expect(shop.first).toBeVisible();
  const met: string[] = [];
  for (let presses = 0; presses < 5; presses += 1) {
    await page.keyboard.press('Tab');
    met.push(await focused(page));
  }
  expect(met).toEqual(['', 'accept_all', 'reject_all', 'choose', 'skip']);
});

for (const [name, tabs, action] of [
  ['accept_all', 2, 'granted'],
  ['reject_all', 3, 'refused'],
] as const) {
  test(`the keyboard alone can ${name}`, async ({ shop, page, service }) => {
    await shop.visit();
    await expect(shop.first).toBeVisible();
    for (let presses = 0; presses < tabs; presses += 1) await page.keyboard.press('Tab');
    const receipt = await shop.receipt(() => page.keyboard.press('Enter'));
    await expect(shop.first).toHaveCount(0);
    expect((await service.history(receipt.capability)).map(({ record }) => record.action)).toEqual([action]);
  });
}

test('the keyboard alone can choose and save', async ({ shop, page }) => {
  await shop.visit('/en');
  await shop.first.locator('button[name=choose]').focus();
  await page.keyboard.press('Enter');
  await expect(shop.second).toBeVisible();
  expect(await page.evaluate(() => document.querySelector('samtykke-panel')?.shadowRoot?.activeElement?.tagName)).toBe(
    'H2',
  );
  const met: string[] = [];
  while (!met.includes('advertising')) {
    await page.keyboard.press('Tab');
    met.push(await focused(page));
    if (met.at(-1) === 'analytics') await page.keyboard.press('Space');
  }
  expect(met.filter(Boolean)).toEqual(['preferences', 'analytics', 'advertising']);
  await expect(shop.switch('analytics')).toBeChecked();
  while ((await focused(page)) !== 'save') await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(shop.second).toHaveCount(0);
  expect(await shop.choice()).toEqual({ preferences: 'denied', analytics: 'granted', advertising: 'denied' });
});

test('the settings keep the focus inside, and Escape leaves them without an answer', async ({ shop, page }) => {
  await shop.visit();
  await shop.first.locator('button[name=choose]').click();
  await expect(shop.second).toBeVisible();
  for (let presses = 0; presses < 15; presses += 1) {
    await page.keyboard.press('Tab');
    const outside = await page.evaluate(() => document.activeElement?.closest('body *')?.tagName ?? null);
    expect(outside).toBeNull();
  }
  await page.keyboard.press('Escape');
  await expect(shop.second).toHaveCount(0);
  expect(await focused(page)).toBe('choose');
  expect(await shop.choice()).toBeNull();
});

test('after the settings, the focus is back where they were opened', async ({ shop, page }) => {
  await shop.answer('reject_all');
  const link = page.locator('.bottom [data-samtykke=open]');
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(shop.second).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(shop.second).toHaveCount(0);
  await expect(link).toBeFocused();

  await page.keyboard.press('Enter');
  await shop.second.locator('button[name=reject_all]').press('Enter');
  await expect(shop.second).toHaveCount(0);
  await expect(link).toBeFocused();
});

test('the service list opens by keyboard', async ({ shop, page }) => {
  await shop.visit('/en');
  await shop.first.locator('button[name=choose]').click();
  await shop.second.locator('summary').nth(1).press('Enter');
  await expect(shop.second.getByText('Google Analytics', { exact: true })).toBeVisible();
  await expect(shop.second.getByRole('cell', { name: '_ga', exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
});

test('what the keyboard reaches in the page is never hidden behind the banner', async ({ shop, page }) => {
  await shop.visit('/en');
  await expect(shop.first).toBeVisible();
  const buttons = page.locator('main button, footer button');
  for (const button of await buttons.all()) {
    await button.focus();
    const below = await button.boundingBox();
    const banner = await shop.first.boundingBox();
    expect((below?.y ?? 0) + (below?.height ?? 0)).toBeLessThanOrEqual((banner?.y ?? 0) + 1);
  }
});

test('an answer is said aloud', async ({ shop, page }) => {
  await shop.visit('/en');
  await expect(page.locator('samtykke-panel [role=status]')).toHaveText('');
  await shop.first.locator('button[name=reject_all]').click();
  await expect(page.locator('samtykke-panel [role=status]')).toHaveText('Your choice is saved.');
});
