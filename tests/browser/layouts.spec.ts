// Every layout and theme, left to right and right to left: axe finds nothing, nothing is cut off, and all can be pressed.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { visit } from './pages.js';
import type { Service } from './service.js';
import type { Shop } from './shop.js';
import { expect, test } from './test.js';

const BODY = '<main><h1>A page</h1><p>Words</p><a id="link" href="#">A link</a></main>';
/** What a visitor sets whose eyes need it (WCAG 2.2, 1.4.12). */
const SPACING =
  '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }';

for (const layout of ['bar', 'box', 'centred'] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const language of ['nb', 'ar'] as const) {
      test(`axe finds nothing in the ${layout}, ${colorScheme}, in ${language}`, async ({ page, service, shop }) => {
        await page.emulateMedia({ colorScheme });
        await dressed(service, layout);
        await visit(page, service, BODY, { language });
        await shop.first.waitFor();
        await clean(page);
        await shop.first.locator('button[name=choose]').click();
        await shop.second.waitFor();
        for (const summary of await shop.second.locator('summary').all()) await summary.click();
        await shop.switch('analytics').check();
        await clean(page);
        await shop.second.locator('button[name=save]').click();
        await expect(page.locator('samtykke-panel [role=status]')).not.toHaveText('');
        await clean(page);
      });
    }
  }

  for (const [what, width, height] of [
    ['a small phone', 320, 568],
    ['a screen of 1280 at 400 %', 320, 256],
    ['a phone on its side', 667, 375],
  ] as const) {
    test(`on ${what} the ${layout} and its settings show all, in the longest words`, async ({
      page,
      service,
      shop,
    }) => {
      await page.setViewportSize({ width, height });
      await dressed(service, layout);
      for (const language of ['el', 'de', 'ar']) {
        await page.context().clearCookies();
        await visit(page, service, BODY, { language });
        await reachable(shop, 'first');
        await shop.first.locator('button[name=choose]').click();
        await reachable(shop, 'second');
      }
    });
  }

  test(`with wider spacing the ${layout} loses nothing`, async ({ page, service, shop }) => {
    await page.setViewportSize({ width: 320, height: 568 });
    await dressed(service, layout);
    await visit(page, service, BODY, { language: 'nb' });
    // As an extension does it, in every tree: a page's own rules do not reach in here.
    await shop.first.evaluate((first, css) => {
      const spaced = (root: ShadowRoot | null | undefined) => {
        const style = document.createElement('style');
        style.textContent = css.replace('* {', '*, :host, ::slotted(*) {');
        root?.append(style);
      };
      spaced(first.shadowRoot);
      spaced(first.parentElement?.shadowRoot);
    }, SPACING);
    await reachable(shop, 'first');
    await shop.first.locator('button[name=choose]').click();
    await reachable(shop, 'second');
  });
}

test('the centred question keeps the page waiting, and gives it back', async ({ page, service, shop }) => {
  await dressed(service, 'centred');
  await visit(page, service, BODY);
  await expect(shop.first.getByRole('heading')).toBeFocused();
  const met: string[] = [];
  for (let presses = 0; presses < 4; presses += 1) {
    await page.keyboard.press('Tab');
    met.push(await page.evaluate(() => document.activeElement?.getAttribute('name') ?? ''));
  }
  expect(met).toEqual(['', 'accept_all', 'reject_all', 'choose']);
  expect(await page.evaluate(() => document.body.inert)).toBe(true);
  await page.keyboard.press('Escape');
  await page.mouse.click(5, 5);
  await expect(shop.first).toBeVisible();
  expect(await shop.choice()).toBeNull();
  await shop.first.locator('button[name=reject_all]').press('Enter');
  await expect(shop.first).toHaveCount(0);
  expect(await page.evaluate(() => document.body.inert)).toBe(false);
  await page.locator('#link').focus();
  await expect(page.locator('#link')).toBeFocused();
});

test('after an answer by keyboard the focus is back in the page', async ({ page, service, shop }) => {
  await visit(page, service, BODY);
  await shop.first.waitFor();
  await page.locator('#link').focus();
  await page.keyboard.press('Shift+Tab');
  await expect(shop.first.locator('button[name=choose]')).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(shop.first).toHaveCount(0);
  await expect(page.locator('#link')).toBeFocused();
});

for (const [layout, position] of [
  ['bar', 'top'],
  ['bar', 'bottom'],
  ['box', 'start'],
  ['box', 'end'],
] as const) {
  test(`the ${layout} at the ${position} hides nothing that has the focus`, async ({ page, service, shop }) => {
    await page.setViewportSize({ width: 700, height: 600 });
    await dressed(service, layout, `position = "${position}"`);
    const links = Array.from({ length: 60 }, (_, at) => `<p><a href="#">Link ${at}</a></p>`).join('');
    // Once in the page, and once in a part of it that scrolls by itself.
    for (const style of ['', 'position: fixed; inset: 0; overflow: auto']) {
      await visit(page, service, `<main style="${style}">${links}</main>`);
      await shop.first.waitFor();
      await page.locator('a[href="#"]').first().focus();
      for (let presses = 0; presses < 59; presses += 1) {
        await page.keyboard.press('Tab');
        await expect.poll(() => hidden(page), `${style} ${presses}`).toBe(false);
      }
      for (let presses = 0; presses < 59; presses += 1) {
        await page.keyboard.press('Shift+Tab');
        await expect.poll(() => hidden(page), `${style} back ${presses}`).toBe(false);
      }
    }
  });
}

test('in forced colours everything can be told apart', async ({ page, service, shop }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await visit(page, service, BODY);
  const border = await shop.first.locator('button[name=reject_all]').evaluate((button) => {
    const { borderTopStyle, borderTopWidth, forcedColorAdjust } = getComputedStyle(button);
    return [borderTopStyle, borderTopWidth, forcedColorAdjust];
  });
  expect(border).toEqual(['solid', '1px', 'auto']);
  await clean(page);
});

test('colours, corners, font and logo are the site’s', async ({ page, service, shop }) => {
  const look = 'radius = 2\nfont = "Georgia, serif"\nlogo = "/demo/icon.svg"';
  await dressed(service, 'box', look, '[look.light]\npaper = "#fff8e7"\nink = "#222222"\naccent = "#ffcc00"\n');
  await visit(page, service, BODY);
  await expect(shop.first).toHaveCSS('background-color', 'rgb(255, 248, 231)');
  await expect(shop.first).toHaveCSS('border-radius', '2px');
  await expect(shop.first.locator('h2')).toHaveCSS('font-family', 'Georgia, serif');
  for (const name of ['accept_all', 'reject_all', 'choose']) {
    const button = shop.first.locator(`button[name=${name}]`);
    await expect(button).toHaveCSS('background-color', 'rgb(255, 204, 0)');
    await expect(button).toHaveCSS('color', 'rgb(0, 0, 0)');
  }
  const logo = shop.first.getByRole('img', { name: 'Naustet' });
  expect(await logo.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth > 0))).toBe(
    true,
  );
  await clean(page);
});

/** Publishes the shop with this layout, in these words. */
function dressed(service: Service, layout: string, look = '', colours = ''): Promise<void> {
  return service.publish((file) =>
    file
      .replace('layout = "bar"', `layout = "${layout}"\n${look}`)
      .replace(/^(accent = .*)$/m, `$1\n${colours}`)
      .replace(/^languages = .*$/m, 'languages = ["nb", "en", "ar", "de", "el"]')
      .replace(/^policy_url = .*$/m, 'policy_url = "/om"'),
  );
}

async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations).toEqual([]);
}

/** Nothing of a layer is cut off, nothing scrolls sideways, and everything that can be pressed is large enough and can be reached. */
async function reachable(shop: Shop, which: 'first' | 'second'): Promise<void> {
  const layer = shop[which];
  await layer.waitFor();
  for (const summary of await layer.locator('summary').all()) await summary.click();
  const { overflow, place, page } = await layer.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const page = [document.documentElement.scrollWidth, innerWidth, innerHeight];
    return { overflow: element.scrollWidth - element.clientWidth, place: [left, right, top, bottom], page };
  });
  const [left = 0, right = 0, top = 0, bottom = 0] = place;
  const [scrolled = 0, width = 0, height = 0] = page;
  expect(overflow, which).toBe(0);
  expect(scrolled, which).toBeLessThanOrEqual(width);
  expect([left >= 0, right <= width, top >= 0, bottom <= height], `${which} ${place}`).toEqual([
    true,
    true,
    true,
    true,
  ]);
  for (const target of await layer.locator('button, summary, a, .row label').all()) {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    expect(box?.height, `${which} ${await target.textContent()}`).toBeGreaterThanOrEqual(43.5);
    expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 0) <= width + 0.5).toBe(true);
    const cut = await target.evaluate(
      (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0,
    );
    expect(cut, `${which} ${await target.textContent()}`).toBe(false);
  }
}

/** Whether what has the focus lies wholly behind the question. */
function hidden(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const it = document.activeElement?.getBoundingClientRect();
    const over = document.querySelector('samtykke-panel > .first')?.getBoundingClientRect();
    if (!it || !over) return true;
    return it.top >= over.top && it.bottom <= over.bottom && it.left >= over.left && it.right <= over.right;
  });
}
