// A change of the policy that is to come: said, and nothing asked for.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { visit } from './pages.js';
import type { Service } from './service.js';
import { expect, test } from './test.js';

const TEXT = 'Vi bytter leverandør av statistikk.';

/** Announces a change on this day, from now on. */
async function announce(page: Page, service: Service, day: string): Promise<void> {
  const told = `{ nb = "${TEXT}", en = "We change who measures.", ar = "نغيّر من يقيس." }`;
  await service.publish((file) => `${file}\n[announcement]\ndate = "${day}"\ntext = ${told}\n`);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await session.detach();
}

const announced = (page: Page) => page.locator('samtykke-panel .announcement');

test('whoever is asked reads it in the question and in the settings', async ({ page, service, shop }) => {
  await announce(page, service, '2099-02-01');
  await shop.visit();
  await expect(shop.first).toContainText(`Personvernerklæringen endres 1. februar 2099. ${TEXT}`);
  await shop.first.locator('button[name=choose]').click();
  await expect(shop.second).toContainText('endres 1. februar 2099');
  await shop.second.locator('button[name=reject_all]').click();
  await shop.visit('/om');
  await expect.poll(() => shop.choice()).not.toBeNull();
  await page.waitForLoadState('networkidle');
  await expect(announced(page)).toHaveCount(0);
});

test('whoever has answered is told until they take note, and their answer stands', async ({ page, service, shop }) => {
  await shop.answer('accept_all', '/om');
  const choice = await shop.choice();
  await announce(page, service, '2099-02-01');
  await shop.visit('/om');
  await expect(announced(page)).toContainText(TEXT);
  await expect(shop.first).toHaveCount(0);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await shop.visit('/om');
  await announced(page).getByRole('button', { name: 'Lukk' }).click();
  await expect(announced(page)).toHaveCount(0);
  expect(await shop.choice()).toEqual(choice);
  await shop.visit('/om');
  await page.waitForLoadState('networkidle');
  await expect(announced(page)).toHaveCount(0);

  await announce(page, service, '2099-03-01');
  await shop.visit('/om');
  await expect(announced(page)).toContainText('1. mars 2099');
});

test('once the day has come nobody is told any more', async ({ page, service, shop }) => {
  await announce(page, service, '2020-02-01');
  await visit(page, service, '<p>Words</p>', { language: 'nb' });
  await expect(shop.first).toBeVisible();
  await expect(shop.first).not.toContainText(TEXT);
  await shop.first.locator('button[name=reject_all]').click();
  await page.reload();
  await page.waitForLoadState('networkidle');
  await expect(announced(page)).toHaveCount(0);
});

test('nothing that the keyboard reaches stays behind it', async ({ page, service, shop }) => {
  await shop.answer('reject_all', '/om');
  await announce(page, service, '2099-02-01');
  await page.setViewportSize({ width: 500, height: 500 });
  const links = Array.from({ length: 30 }, (_, at) => `<p><a href="#">Link ${at}</a></p>`).join('');
  await visit(page, service, `<main>${links}</main>`, { language: 'nb' });
  await announced(page).waitFor();
  const hidden = () =>
    page.evaluate(() => {
      const panel = document.querySelector('samtykke-panel')?.shadowRoot;
      const over = panel?.querySelector('.announcement')?.getBoundingClientRect();
      const it = document.activeElement?.getBoundingClientRect();
      return !it || !over || (it.top >= over.top && it.bottom <= over.bottom && it.left >= over.left);
    });
  await page.locator('a[href="#"]').first().focus();
  for (let presses = 0; presses < 29; presses += 1) {
    await page.keyboard.press('Tab');
    await expect.poll(hidden, `${presses}`).toBe(false);
  }
  await announced(page).getByRole('button').click();
  await expect(page.locator('html')).toHaveCSS('padding-bottom', '0px');
});
