// The page's own style sheet cannot break the panel, and the panel's leaks nowhere.

import type { Locator } from '@playwright/test';
import { visit } from './pages.js';
import { expect, test } from './test.js';

const SHEETS = {
  'hides and shrinks everything': '* { display: none !important; all: unset; font-size: 3px !important }',
  'undoes everything': '* { all: unset !important }',
  'draws everything otherwise': `html > *, html > * *, html > * *::before, html > * *::after {
    content: "!" !important; color: red !important; background: red !important; position: static !important;
    visibility: hidden !important; opacity: 0 !important; transform: scale(0) !important; direction: rtl !important;
    width: 1px !important; height: 1px !important; margin: 99px !important; float: right !important;
    pointer-events: none !important; clip-path: circle(0) !important; z-index: -1 !important; letter-spacing: 9px !important }`,
  'hides what looks like a banner': `samtykke-panel, samtykke-panel *, [role=dialog], .first, button, h2 {
    display: none !important; visibility: hidden !important; inset: 200vh auto auto !important }`,
};

/** How a part of the panel is drawn. */
function drawn(part: Locator) {
  return part.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const { color, backgroundColor, fontSize, fontFamily, direction, visibility, opacity, letterSpacing, transform } =
      getComputedStyle(element);
    const before = getComputedStyle(element, '::before').content;
    const place = [x, y, width, height].map(Math.round);
    return {
      place,
      color,
      backgroundColor,
      fontSize,
      fontFamily,
      direction,
      visibility,
      opacity,
      letterSpacing,
      transform,
      before,
    };
  });
}

const PARTS = ['', 'h2', 'p', 'a', 'button[name=accept_all]', 'button[name=reject_all]', 'button[name=choose]'];

for (const layout of ['bar', 'box', 'centred']) {
  for (const [what, sheet] of Object.entries(SHEETS)) {
    test(`a page that ${what} leaves the ${layout} as it is`, async ({ page, service, shop }) => {
      await service.publish((file) => file.replace('layout = "bar"', `layout = "${layout}"`));
      const looks: unknown[] = [];
      for (const head of ['', `<style>${sheet}</style>`]) {
        await visit(page, service, '<p>Words</p>', { head });
        await shop.first.waitFor();
        const parts = PARTS.map((part) => (part ? shop.first.locator(part).first() : shop.first));
        looks.push(await Promise.all(parts.map(drawn)));
      }
      expect(looks[1]).toEqual(looks[0]);

      await shop.first.locator('button[name=choose]').click();
      await expect(shop.second).toBeVisible();
      await expect(shop.second.locator('h2')).toHaveCSS('font-size', '22px');
      await shop.switch('analytics').check();
      const recorded = shop.recorded();
      await shop.second.locator('button[name=save]').click();
      expect((await recorded).status()).toBe(201);
      await expect(page.locator('samtykke-panel [role=status]')).toBeVisible();
    });
  }
}

test('nothing of the page looks otherwise while the panel is there', async ({ page, service, shop }) => {
  const body =
    '<h2 class="first words">Title</h2><p>Words</p><a href="#">Link</a><button>Press</button><input type="checkbox">';
  await visit(page, service, body);
  const look = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('body, body *')].map((element) => {
        const all = getComputedStyle(element);
        // The room that the end of the page gets is html's.
        return [...all].map((name) => `${name}: ${all.getPropertyValue(name)}`).join('; ');
      }),
    );
  await shop.first.waitFor();
  const asked = await look();
  await shop.first.locator('button[name=choose]').click();
  await expect(shop.second).toBeVisible();
  expect(await look()).toEqual(asked);
  await shop.second.locator('button[name=reject_all]').click();
  await expect(shop.first).toHaveCount(0);
  const after = await look();
  expect(after).toEqual(asked);
  expect(await page.evaluate(() => document.documentElement.getAttribute('style') || null)).toBeNull();
});
