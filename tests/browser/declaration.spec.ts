// <samtykke-declaration>: what is kept on the device and by whom, the visitor's own choice, and what can be done about it.

import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { note, seen, visit } from './pages.js';
import { expect, test } from './test.js';

const ELEMENT = '<h2>Cookies</h2><samtykke-declaration></samtykke-declaration>';
const FAILED = /Failed to load resource|ERR_FAILED/;

const declaration = (page: Page) => page.locator('samtykke-declaration');
const wish = (page: Page, name: string) => declaration(page).locator(`button[name=${name}]`);
const status = (page: Page) => declaration(page).getByRole('status');
const purpose = (page: Page, name: string) => declaration(page).locator('section', { hasText: name });
const answer = (of: Locator) => of.locator('.row').first().locator('.answer');

for (const { path, yes, no, words } of [
  {
    path: '/om',
    yes: 'Tillatt',
    no: 'Ikke tillatt',
    words: [
      'Alltid på',
      'Leverandør: Google Ireland Ltd · Land: USA',
      '_ga',
      '2 år',
      'samtykke_shop',
      'Setter ingen informasjonskapsler',
    ],
  },
  {
    path: '/en/about',
    yes: 'Allowed',
    no: 'Not allowed',
    words: [
      'Always on',
      'Provider: Google Ireland Ltd · Country: United States',
      '_ga',
      '2 years',
      'samtykke_shop',
      'Sets no cookies',
    ],
  },
]) {
  test(`on ${path} it says what is kept, for how long, by whom, and what is allowed`, async ({ shop, page }) => {
    await shop.visit(path);
    const own = declaration(page).locator('section').first();
    await expect(own).toContainText(path === '/om' ? 'Du har ikke svart ennå.' : 'You have not answered yet.');
    for (const name of ['download', 'history', 'forget']) await expect(wish(page, name)).toBeHidden();
    for (const text of words) await expect(declaration(page)).toContainText(text);
    await expect(declaration(page).getByRole('heading', { level: 3 })).toHaveCount(5);
    const answers = declaration(page).locator('section > .row .answer');
    await expect(answers).toHaveText([words[0] as string, no, no, no]);

    const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
    await expect(answers).toHaveText([words[0] as string, yes, yes, yes]);
    await expect(own).toContainText((receipt.record as { id: string }).id);
    await expect(own).toContainText(String(new Date().getFullYear()));
    await page.reload();
    await expect(answers).toHaveText([words[0] as string, yes, yes, yes]);
  });
}

test('it opens the settings, follows the new answer, and has the focus again', async ({ page, service, shop }) => {
  await visit(page, service, ELEMENT);
  await shop.receipt(() => shop.first.locator('button[name=reject_all]').click());
  await wish(page, 'change').click();
  await shop.switch('analytics').check();
  await shop.second.locator('button[name=save]').click();
  await expect(answer(purpose(page, 'Google Analytics'))).toHaveText('Allowed');
  await expect(answer(purpose(page, 'Demo Ads'))).toHaveText('Not allowed');
  await expect(wish(page, 'change')).toBeFocused();
});

test('a service has a word of its own where it is answered for by itself', async ({ page, service }) => {
  await visit(page, service, ELEMENT);
  await page.evaluate(() => window.samtykke.set({ analytics: 'granted', piwik: 'denied' }));
  const own = (name: string) => declaration(page).locator('.service', { has: page.getByText(name, { exact: true }) });
  await expect(answer(purpose(page, 'Google Analytics'))).toHaveText('Allowed');
  await expect(answer(own('Piwik'))).toHaveText('Not allowed');
  await expect(answer(own('Matomo'))).toBeEmpty();
});

test('the receipt comes as a file, on a later page too, and is asked for by nothing else', async ({
  page,
  service,
  shop,
  requests,
}) => {
  await visit(page, service, ELEMENT);
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await page.reload();
  await expect(wish(page, 'download')).toBeVisible();
  expect(requests.filter((url) => /receipts|visitors/.test(url))).toEqual([]);
  const [file] = await Promise.all([page.waitForEvent('download'), wish(page, 'download').click()]);
  expect(file.suggestedFilename()).toBe(`samtykke-shop-${(receipt.record as { id: string }).id}.json`);
  const text = await readFile(await file.path(), 'utf8');
  expect(JSON.parse(text)).toEqual(receipt);
  // What was signed stands in it letter for letter.
  expect(text).toContain(Buffer.from(receipt.jws.split('.')[1] as string, 'base64url').toString());
});

test('the history begins with the newest answer, and says what each allowed', async ({ page, service, shop }) => {
  await visit(page, service, ELEMENT);
  await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await shop.receipt(() => page.evaluate(() => window.samtykke.set({ advertising: 'denied' })));
  await shop.receipt(() => page.evaluate(() => window.samtykke.denyAll()));
  const history = wish(page, 'history');
  await expect(history).toHaveAttribute('aria-expanded', 'false');
  await history.click();
  await expect(history).toHaveAttribute('aria-expanded', 'true');
  const past = declaration(page).locator('li');
  await expect(past).toContainText(['Withdrew consent', 'Accepted some', 'Accepted all']);
  await expect(past.nth(1)).toContainText('Allowed: Preferences, Analytics');
  await expect(past.nth(1)).toContainText('Not allowed: Advertising');
  await expect(past.nth(0)).not.toContainText(/^Allowed/m);
  await history.click();
  await expect(past.first()).toBeHidden();
});

test('who wants to be forgotten is, here and at the service, and is asked again', async ({ page, service, shop }) => {
  await shop.visit('/en/about');
  const { capability } = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await shop.heard('ga', 'matomo', 'piwik', 'pixel');
  await wish(page, 'forget').click();
  await expect(declaration(page).locator('#sure')).toBeFocused();
  await expect(declaration(page).getByRole('group')).toContainText('Naustet Demo AS');
  await wish(page, 'forget_yes').click();
  await expect(status(page)).toHaveText('Everything is deleted.');
  await expect(wish(page, 'change')).toBeFocused();
  await expect(declaration(page)).toContainText('You have not answered yet.');
  expect(await service.history(capability)).toEqual([]);
  expect(await shop.cookies()).toEqual([]);
  expect(await page.evaluate(() => [window.samtykke.choice, window.samtykke.receipt])).toEqual([null, null]);
  expect(await page.evaluate(() => window.samtykke.granted('analytics'))).toBe(false);

  const before = shop.tags().length;
  await page.reload();
  await expect(shop.first).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(shop.tags()).toHaveLength(before);
  expect(await shop.cookies()).toEqual([]);
});

test('where a script ran that cannot be taken back, being forgotten loads the page anew', async ({
  page,
  service,
  shop,
}) => {
  await visit(page, service, `<script type="text/plain" data-purpose="analytics">${note('ran')}</script>${ELEMENT}`);
  const { capability } = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await expect.poll(() => seen(page)).toEqual(['ran']);
  await wish(page, 'forget').click();
  await Promise.all([page.waitForEvent('load'), wish(page, 'forget_yes').click()]);
  await expect(shop.first).toBeVisible();
  expect(await seen(page)).toEqual([]);
  expect(await shop.cookies()).toEqual([]);
  expect(await service.history(capability)).toEqual([]);
});

test('whoever thinks better of it keeps everything, by the keyboard', async ({ page, service, shop }) => {
  await visit(page, service, ELEMENT);
  const { capability } = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await wish(page, 'change').focus();
  for (const name of ['download', 'history', 'forget']) {
    await page.keyboard.press('Tab');
    await expect(wish(page, name)).toBeFocused();
  }
  await page.keyboard.press('Enter');
  await expect(declaration(page).locator('#sure')).toBeFocused();
  for (const name of ['forget_yes', 'forget_no']) {
    await page.keyboard.press('Tab');
    await expect(wish(page, name)).toBeFocused();
  }
  await page.keyboard.press('Space');
  await expect(wish(page, 'forget')).toBeFocused();
  await expect(wish(page, 'forget_yes')).toBeHidden();
  expect(await service.history(capability)).toHaveLength(1);
  expect(await shop.cookies()).toContain('samtykke_shop');
});

test('a script forgets nobody', async ({ page, service, shop }) => {
  await visit(page, service, ELEMENT);
  const { capability } = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await wish(page, 'forget').click();
  await wish(page, 'forget_yes').evaluate((button: HTMLElement) => button.click());
  await page.waitForLoadState('networkidle');
  expect(await service.history(capability)).toHaveLength(1);
});

for (const [how, part] of [
  ['its receipts cannot be had', '**/receipts'],
  ['its histories cannot be had', '**/visitors/me'],
] as const) {
  test(`where ${how}, it says so, and nothing is lost`, async ({ page, service, shop, expectComplaint }) => {
    expectComplaint(FAILED);
    await visit(page, service, ELEMENT);
    const { capability } = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
    for (const fail of ['abort', 'busy']) {
      await page.route(part, (route) => (fail === 'abort' ? route.abort() : route.fulfill({ status: 503 })));
      for (const act of part === '**/receipts' ? ['download', 'history'] : ['history']) {
        await wish(page, act).click();
        await expect(status(page)).toHaveText('That did not work. Please try again later.');
        await wish(page, 'change').click();
        await shop.second.locator('button[name=close]').click();
      }
      await wish(page, 'forget').click();
      await wish(page, 'forget_yes').click();
      await expect(status(page)).toHaveText('That did not work. Please try again later.');
      await expect(wish(page, 'forget_yes')).toBeVisible();
      await wish(page, 'forget_no').click();
    }
    expect(await shop.cookies()).toContain('samtykke_shop');
    expect(await page.evaluate(() => window.samtykke.granted('analytics'))).toBe(true);
    expect(await service.history(capability)).toHaveLength(1);
  });
}

test('an answer that is not recorded yet cannot be forgotten, one that was erased already can', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  expectComplaint(FAILED);
  await visit(page, service, ELEMENT);
  await page.route('**/consents', (route) => route.abort());
  await shop.first.locator('button[name=accept_all]').click();
  await wish(page, 'forget').click();
  await wish(page, 'forget_yes').click();
  await expect(status(page)).toHaveText('That did not work. Please try again later.');
  expect(await shop.cookies()).toContain('samtykke_shop');

  await page.unroute('**/consents');
  await shop.receipt(() => page.evaluate(() => dispatchEvent(new Event('online'))));
  await page.route('**/receipts', (route) => route.fulfill({ status: 404 }));
  await wish(page, 'forget_yes').click();
  await expect(status(page)).toHaveText('Everything is deleted.');
  expect(await shop.cookies()).toEqual([]);
});

test('one that a script adds later is filled, before an answer and after', async ({
  page,
  service,
  shop,
  requests,
}) => {
  const modules = () => requests.filter((url) => /\/v1\/(panel|declaration)\./.test(url)).length;
  const add = () => page.evaluate(() => document.body.append(document.createElement('samtykke-declaration')));
  await visit(page, service, '');
  await expect(shop.first).toBeVisible();
  expect(modules()).toBe(1);
  await add();
  await expect(declaration(page)).toContainText('Google Ireland Ltd');
  await shop.receipt(() => shop.first.locator('button[name=reject_all]').click());

  await page.reload();
  await page.waitForLoadState('networkidle');
  const before = modules();
  await add();
  await expect(declaration(page)).toContainText('Google Ireland Ltd');
  expect(modules()).toBe(before + 2);
  await add();
  await expect(declaration(page).nth(1)).toContainText('Google Ireland Ltd');

  // Taken out and put back, it says what holds then.
  await page.evaluate(async () => {
    const [one] = document.querySelectorAll('samtykke-declaration');
    one?.remove();
    await window.samtykke.grantAll();
    if (one) document.body.append(one);
  });
  for (const one of await declaration(page).all()) {
    await expect(one.locator('section > .row .answer').last()).toHaveText('Allowed');
  }
  await expect(page.locator('samtykke-embed')).toHaveCount(0);
});

test('under a strict policy it looks as it should, and the receipt comes', async ({ page, service, shop }) => {
  const policy =
    "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "frame-src 'self'; require-trusted-types-for 'script'; trusted-types samtykke";
  await visit(page, service, ELEMENT, { policy, script: 'nonce="n1"' });
  await shop.receipt(() => shop.first.locator('button[name=reject_all]').click());
  expect((await wish(page, 'download').boundingBox())?.height).toBeGreaterThanOrEqual(44);
  const [file] = await Promise.all([page.waitForEvent('download'), wish(page, 'download').click()]);
  expect(await readFile(await file.path(), 'utf8')).toContain('"jws"');
});

test('it has the fonts and the colours of the page', async ({ page, service }) => {
  const style = '<style>body{font:20px/2 serif;color:rgb(1,2,3)}</style>';
  await visit(page, service, `${style}${ELEMENT}`);
  const look = await wish(page, 'change').evaluate((button) => {
    const { color, fontFamily, fontSize, borderTopColor } = getComputedStyle(button);
    return { color, fontFamily, fontSize, borderTopColor };
  });
  const ink = 'rgb(1, 2, 3)';
  expect(look).toEqual({ color: ink, fontFamily: 'serif', fontSize: '20px', borderTopColor: ink });
});

test('a language that is written from right to left is', async ({ page, service }) => {
  await page.route('**/notice*', async (route) => {
    const answered = await route.fetch();
    await route.fulfill({ response: answered, json: { ...(await answered.json()), language: 'ar' } });
  });
  await visit(page, service, ELEMENT);
  const heading = declaration(page).getByRole('heading', { level: 3 }).first();
  expect(await heading.evaluate((made) => getComputedStyle(made).direction)).toBe('rtl');
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in it, in ${colorScheme}, with all that it can show`, async ({ shop, page }) => {
    await page.emulateMedia({ colorScheme });
    await shop.answer('accept_all', '/en/about');
    await wish(page, 'history').click();
    await expect(declaration(page).locator('li')).toHaveCount(1);
    await wish(page, 'forget').click();
    expect((await new AxeBuilder({ page }).include('main').analyze()).violations).toEqual([]);
  });
}

test('at 320 px it scrolls nothing sideways, and its buttons are large enough', async ({ shop, page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await shop.answer('accept_all', '/om');
  await wish(page, 'history').click();
  await expect(declaration(page).locator('li')).toHaveCount(1);
  await wish(page, 'forget').click();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  expect(await declaration(page).evaluate((made) => made.scrollWidth - made.clientWidth)).toBe(0);
  for (const button of await declaration(page).locator('button:visible').all()) {
    expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  }
});

test('on paper it is whole, without its buttons', async ({ shop, page }) => {
  await shop.answer('accept_all', '/en/about');
  await page.emulateMedia({ media: 'print' });
  await expect(declaration(page).locator('.service')).toHaveCount(6);
  for (const service of await declaration(page).locator('.service').all()) await expect(service).toBeVisible();
  await expect(declaration(page).locator('button:visible')).toHaveCount(0);
});
