// Accessible to everybody, in light and dark, in both languages, small and large; and no answer easier than another.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './test.js';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const path of ['/', '/en']) {
      test(`axe finds nothing on ${path} while the banner asks`, async ({ shop, page }) => {
        await shop.visit(path);
        await expect(shop.first).toBeVisible();
        await expect(page.locator('#log li')).toHaveCount(8);
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      });

      test(`axe finds nothing in the settings on ${path}`, async ({ shop, page }) => {
        await shop.visit(path);
        await shop.first.locator('button[name=choose]').click();
        for (const summary of await shop.second.locator('summary').all()) await summary.click();
        await shop.switch('analytics').check();
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      });
    }

    for (const path of ['/en', '/om', '/en/about']) {
      test(`axe finds nothing on ${path} after an answer`, async ({ shop, page }) => {
        await shop.answer('accept_all', path);
        await expect(page.locator('#receipt-record')).toBeVisible();
        await expect(page.locator('#log li[data-kind=sent][data-name=piwik]')).toHaveCount(1);
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      });
    }
  });
}

test('axe finds nothing in the video', async ({ shop, page }) => {
  await shop.visit('/demo/video.html');
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

for (const width of [320, 375, 1280]) {
  test(`at ${width} px the three answers are equal, and large enough`, async ({ shop, page }) => {
    await page.setViewportSize({ width, height: 640 });
    await shop.visit();
    const look = (button: HTMLElement) => {
      const { width, height } = button.getBoundingClientRect();
      const { color, backgroundColor, borderColor, borderWidth, font, opacity, textDecoration } =
        getComputedStyle(button);
      const colours = { color, backgroundColor, borderColor, borderWidth, font, opacity, textDecoration };
      return { width: Math.round(width), height: Math.round(height), ...colours };
    };
    const layers = [
      [shop.first, ['accept_all', 'reject_all', 'choose']],
      [shop.second, ['accept_all', 'reject_all', 'save']],
    ] as const;
    for (const [layer, names] of layers) {
      const looks = [];
      for (const name of names) looks.push(await layer.locator(`button[name=${name}]`).evaluate(look));
      expect(looks[1]).toEqual(looks[0]);
      expect(looks[2]).toEqual(looks[0]);
      expect(looks[0]?.height).toBeGreaterThanOrEqual(44);
      if (layer === shop.first) await layer.locator('button[name=choose]').click();
    }
  });
}

for (const path of ['/', '/en', '/om']) {
  test(`at 320 px nothing on ${path} scrolls sideways`, async ({ shop, page }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await shop.visit(path);
    await expect(shop.first).toBeVisible();
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    const overflow = (layer: HTMLElement) => layer.scrollWidth - layer.clientWidth;
    expect(await width()).toBe(320);
    expect(await shop.first.evaluate(overflow)).toBe(0);
    await shop.first.locator('button[name=choose]').click();
    for (const summary of await shop.second.locator('summary').all()) await summary.click();
    expect(await shop.second.evaluate(overflow)).toBe(0);
    expect(await width()).toBe(320);
  });
}

test('the banner shifts nothing in the page', async ({ shop, page }) => {
  await page.addInitScript(() => {
    const shifts: unknown[] = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.toJSON()))).observe({
      type: 'layout-shift',
      buffered: true,
    });
    Object.assign(window, { shifts });
  });
  await shop.visit();
  await expect(shop.first).toBeVisible();
  const place = () => page.locator('h1').boundingBox();
  const before = await place();
  await shop.first.locator('button[name=choose]').click();
  await shop.second.locator('button[name=close]').click();
  await shop.first.locator('button[name=reject_all]').click();
  await expect(shop.first).toHaveCount(0);
  // Two frames: the browser tells of a shift after it was painted.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await page.evaluate(() => (window as { shifts?: unknown[] }).shifts)).toEqual([]);
  expect(await place()).toEqual(before);
});

test('where less motion is wanted, nothing moves', async ({ shop, page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await shop.answer('accept_all');
  await expect(page.frameLocator('.video iframe').getByRole('heading')).toBeVisible();
  const moving = await Promise.all(page.frames().map((frame) => frame.evaluate(() => document.getAnimations().length)));
  expect(moving).toEqual([0, 0]);
});

test('in forced colours the switches still tell on from off', async ({ shop, page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await shop.visit();
  await shop.first.locator('button[name=choose]').click();
  const appearance = await shop.switch('analytics').evaluate((made) => getComputedStyle(made).appearance);
  expect(appearance).toBe('auto');
});
