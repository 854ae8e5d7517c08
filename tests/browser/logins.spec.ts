// Somebody is logged in: what their account chose holds on the page, what they answer is their account's, and the device keeps its own.

import { generateKeyPairSync, sign } from 'node:crypto';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, Page } from '@playwright/test';
import { visit } from './pages.js';
import { withControl } from './places.js';
import type { Service } from './service.js';
import { expect, test } from './test.js';

const KARI = 'kari@example.no';
const GRANTED = { preferences: 'granted', analytics: 'granted', advertising: 'granted' };
const DENIED = { preferences: 'denied', analytics: 'denied', advertising: 'denied' };
const BODY = `<main><h1>Min side</h1><p>Hei, Kari.</p><img alt="" data-src="/demo/pixel.gif?mine" data-purpose="advertising">
  <p><button type="button" data-samtykke="open">Informasjonskapsler</button></p></main>`;

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const PUBLIC = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

const keyed = (file: string) => file.replace(/^login_keys = \[\]$/m, `login_keys = ["${PUBLIC}"]`);

test.beforeEach(({ service }) => service.publish(keyed));

/** What the site's own systems sign while they make a page. */
function token(entered = false, named = KARI): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { aud: 'samtykke:shop', sub: named, iat, exp: iat + 120, ...(entered && { entered }) };
  const text = [{ alg: 'EdDSA' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
}

/** Opens a page that says so of whoever is logged in. */
async function enter(page: Page, service: Service, said: string): Promise<void> {
  await page.unroute('**/test');
  await visit(page, service, BODY, { language: 'nb', script: `data-samtykke-login="${said}"` });
}

/** What the account chose, by a system of the site's own. */
async function choose(service: Service, choice: object): Promise<void> {
  await service.ask(`POST /people/${encodeURIComponent(KARI)}/choice`, { choice, notice: 1, source: 'min side' });
}

async function cookie(context: BrowserContext): Promise<string | undefined> {
  return (await context.cookies()).find(({ name }) => name === 'samtykke_shop')?.value;
}

const choice = (page: Page) => page.evaluate(() => window.samtykke.choice);
const announced = (page: Page) => page.locator('samtykke-panel .announcement');
const loaded = (page: Page) => page.locator('img[src*=mine]');

test('nothing is let through before the account has spoken, and then what it allows', async ({
  page,
  service,
  shop,
  context,
}) => {
  await shop.answer('accept_all', '/om');
  await choose(service, { ...DENIED, advertising: 'granted' });
  const device = await cookie(context);
  let spoken = () => {};
  const silent = new Promise<void>((done) => {
    spoken = done;
  });
  await page.route('**/logins', async (route) => {
    await silent;
    await route.continue();
  });
  await enter(page, service, token());
  expect(await choice(page)).toEqual(DENIED);
  // What is asked for meanwhile waits.
  await page.locator('main [data-samtykke=open]').click();
  await page.waitForTimeout(300);
  await expect(loaded(page)).toHaveCount(0);
  await expect(shop.second).toHaveCount(0);
  spoken();
  await expect(loaded(page)).toHaveCount(1);
  expect(await choice(page)).toEqual({ ...DENIED, advertising: 'granted' });
  await expect(shop.second).toContainText(
    'Du er innlogget: Valget ditt gjelder på alle enheter der du logger inn her.',
  );
  await expect(shop.first).toHaveCount(0);
  expect(await cookie(context)).toBe(device);
});

test('an answer is the account’s, on every device, and on none of them is it stored', async ({
  page,
  service,
  shop,
  context,
  browser,
}) => {
  await enter(page, service, token());
  await expect(shop.first).toContainText('Valget ditt gjelder på alle enheter der du logger inn her.');
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.screenshot({ path: 'build/screenshots/login-question.png' });
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  expect(receipt.record).toMatchObject({
    topic: 'choice',
    action: 'granted',
    method: 'accept_all',
    language: 'nb',
    page: '/test',
    details: { actor: 'person', source: 'banner' },
  });
  expect(receipt.capability).toBeUndefined();
  await expect(loaded(page)).toHaveCount(1);
  await expect.poll(() => choice(page)).toEqual(GRANTED);
  // Google's own are there now; of the choice there is nothing.
  expect(await cookie(context)).toBeUndefined();
  expect(JSON.stringify(await context.storageState())).not.toContain('samtykke');

  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await enter(other, service, token());
  await expect(loaded(other)).toHaveCount(1);
  await expect(other.locator('samtykke-panel .first')).toHaveCount(0);
  // Taken back there, it is taken back here.
  await other.evaluate(() => window.samtykke.denyAll());
  await expect.poll(async () => (await service.ask(`GET /people/${encodeURIComponent(KARI)}`)).sequence).toBe(2);
  await elsewhere.close();
  await enter(page, service, token());
  await expect.poll(() => choice(page)).toEqual(DENIED);
  await page.waitForLoadState('networkidle');
  await expect(loaded(page)).toHaveCount(0);
  await expect(shop.first).toHaveCount(0);
});

test('after the logout the device’s own choice applies again', async ({ page, service, shop, context }) => {
  await shop.answer('accept_all', '/om');
  const device = await cookie(context);
  await choose(service, DENIED);
  await enter(page, service, token());
  await page.waitForLoadState('networkidle');
  expect(await choice(page)).toEqual(DENIED);
  await page.evaluate(() => window.samtykke.logout?.());
  await expect.poll(() => choice(page)).toEqual(GRANTED);
  await expect(loaded(page)).toHaveCount(1);
  expect(await cookie(context)).toBe(device);
  // Somebody else, who has chosen nothing: what the device said holds, and an answer is theirs alone.
  await page.evaluate((said) => window.samtykke.login?.(said), token(false, 'ola@example.no'));
  await expect.poll(() => choice(page)).toEqual(GRANTED);
  await page.evaluate(() => window.samtykke.denyAll());
  await expect.poll(() => choice(page)).toEqual(DENIED);
  expect(await cookie(context)).toBe(device);
  await page.evaluate((said) => window.samtykke.login?.(said), token());
  const found = await service.ask('GET /people/ola@example.no');
  expect(found.purposes?.analytics?.allowed).toBe(false);
});

test('whoever has just logged in is told once that the account’s choice applies, and that it is another', async ({
  page,
  service,
  shop,
}) => {
  await choose(service, DENIED);
  await enter(page, service, token(true));
  await expect(announced(page)).toHaveText(/Du er innlogget, så her gjelder valget fra kontoen din\./);
  await expect(announced(page)).not.toContainText('annet');
  await announced(page).getByRole('button', { name: 'Lukk' }).click();
  await expect(announced(page)).toHaveCount(0);
  await shop.answer('accept_all', '/om');
  await enter(page, service, token(true));
  await expect(announced(page)).toContainText('Det er et annet enn det som ble gjort på denne enheten');
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.screenshot({ path: 'build/screenshots/login-differs.png' });
  await page.setViewportSize({ width: 320, height: 640 });
  await page.screenshot({ path: 'build/screenshots/login-differs-320.png' });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  // Not on the next page.
  await enter(page, service, token());
  await page.waitForLoadState('networkidle');
  await expect(announced(page)).toHaveCount(0);
});

test('a token that shows nobody leaves everything denied, and the device as it was', async ({
  page,
  service,
  shop,
  context,
  expectComplaint,
}) => {
  expectComplaint(/403/);
  await shop.answer('accept_all', '/om');
  const device = await cookie(context);
  const refused = page.waitForResponse('**/logins');
  // What the device's yes has left is looked for, and then all has been said.
  const looked = page.waitForResponse(/\/notice/);
  await enter(page, service, 'nonsense');
  expect((await refused).status()).toBe(403);
  await looked;
  expect(await choice(page)).toEqual(DENIED);
  await expect(loaded(page)).toHaveCount(0);
  await expect(shop.first).toHaveCount(0);
  expect(await cookie(context)).toBe(device);
  const why = await page.evaluate(() => window.samtykke.login?.('x').catch((error) => String(error)));
  expect(why).toContain('shows nobody');
  // A good one is still taken.
  await choose(service, GRANTED);
  await page.evaluate((said) => window.samtykke.login?.(said), token());
  await expect(loaded(page)).toHaveCount(1);
  expect(await cookie(context)).toBe(device);

  // Whoever opens the settings meanwhile answers for the device.
  await context.clearCookies();
  await enter(page, service, 'nonsense');
  await page.locator('main [data-samtykke=open]').click();
  await shop.switch('analytics').check();
  const answer = shop.recorded();
  await shop.second.locator('button[name=save]').click();
  expect((await answer).status()).toBe(201);
  expect(await cookie(context)).toMatch(/^2/);
});

test('a page that was made ahead waits until it is known who is there', async ({ page, service, shop }) => {
  await enter(page, service, '');
  await page.waitForLoadState('networkidle');
  expect(await choice(page)).toEqual(DENIED);
  await expect(shop.first).toHaveCount(0);
  await page.evaluate(() => window.samtykke.logout?.());
  await expect(shop.first).toBeVisible();
  await expect(shop.first).not.toContainText('innlogget');

  await choose(service, GRANTED);
  await enter(page, service, '');
  await page.evaluate((said) => window.samtykke.login?.(said), token());
  await expect(loaded(page)).toHaveCount(1);
  await expect(shop.first).toHaveCount(0);
});

test('while the service does not answer everything is denied, and it is asked again', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  expectComplaint(/ERR_FAILED|503/);
  await choose(service, GRANTED);
  let asked = 0;
  let comeBack = () => {};
  const back = new Promise<void>((done) => {
    comeBack = done;
  });
  await page.route('**/logins', async (route) => {
    asked += 1;
    if (asked === 1) return route.abort();
    if (asked === 2) return route.fulfill({ status: 503, body: '{}' });
    await back;
    return route.continue();
  });
  await enter(page, service, token());
  await expect.poll(() => asked).toBe(3);
  expect(await choice(page)).toEqual(DENIED);
  await expect(loaded(page)).toHaveCount(0);
  await expect(shop.first).toHaveCount(0);
  comeBack();
  await expect(loaded(page)).toHaveCount(1);
  expect(asked).toBe(3);
});

test('an answer that cannot be sent holds on the page, and is sent when the service is back', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  expectComplaint(/ERR_FAILED/);
  await enter(page, service, token());
  await page.route('**/logins/consents', (route) => route.abort());
  const failed = page.waitForEvent('requestfailed');
  await shop.first.locator('button[name=accept_all]').click();
  await failed;
  expect(await choice(page)).toEqual(GRANTED);
  await page.unroute('**/logins/consents');
  const receipt = await shop.receipt(() => page.evaluate(() => dispatchEvent(new Event('online'))));
  expect(receipt.record).toMatchObject({ action: 'granted' });
});

test('Global Privacy Control is obeyed for the account where it binds, until they say otherwise', async ({
  page,
  service,
  shop,
}) => {
  await choose(service, GRANTED);
  await withControl(page, 'US-CA');
  const taken = shop.recorded();
  await enter(page, service, token());
  const { record } = await (await taken).json();
  expect(record).toMatchObject({ topic: 'choice', method: 'signal', action: 'withdrawn', signals: ['gpc'] });
  expect(await choice(page)).toEqual(DENIED);
  await page.locator('main [data-samtykke=open]').click();
  await shop.switch('analytics').check();
  const changed = shop.recorded();
  await shop.second.locator('button[name=save]').click();
  await changed;
  await enter(page, service, token());
  await expect.poll(() => choice(page)).toEqual({ ...DENIED, analytics: 'granted' });
  await page.waitForLoadState('networkidle');
  const found = await service.ask(`GET /people/${encodeURIComponent(KARI)}`);
  expect([found.sequence, found.purposes?.analytics?.allowed]).toEqual([3, true]);
});

test('a minor gets no advertising, whatever their account chose', async ({ page, service }) => {
  await choose(service, GRANTED);
  await enter(page, service, token());
  await expect(loaded(page)).toHaveCount(1);
  await page.evaluate(() => window.samtykke.minor());
  await expect(loaded(page)).toHaveCount(0);
  expect(await page.evaluate(() => window.samtykke.granted('advertising'))).toBe(false);
});

test('the declaration shows their choice and offers nothing that is about the device', async ({
  page,
  service,
  shop,
}) => {
  await shop.answer('accept_all', '/om');
  await choose(service, DENIED);
  const body = `${BODY}<h2>Hva vi lagrer</h2><samtykke-declaration></samtykke-declaration>`;
  await page.unroute('**/test');
  await visit(page, service, body, { language: 'nb', script: `data-samtykke-login="${token()}"` });
  const declared = page.locator('samtykke-declaration');
  await expect(declared.getByRole('button', { name: 'Endre' })).toBeVisible();
  await page.screenshot({ path: 'build/screenshots/login-declaration.png', fullPage: true });
  await expect(declared).toContainText('Ikke tillatt');
  const offered = await declared.getByRole('button').allInnerTexts();
  expect(offered).toEqual(['Endre valget']);
});

test('nobody who is logged in is told of a change again and again', async ({ page, service, shop }) => {
  await choose(service, DENIED);
  await service.publish((file) => {
    const announcement = '[announcement]\ndate = "2099-02-01"\ntext = { nb = "Nytt.", en = "News.", ar = "جديد." }';
    return `${keyed(file)}\n${announcement}\n`;
  });
  await enter(page, service, token());
  await page.waitForLoadState('networkidle');
  expect(await choice(page)).toEqual(DENIED);
  await expect(announced(page)).toHaveCount(0);
  await page.locator('main [data-samtykke=open]').click();
  await expect(shop.second).toContainText('endres 1. februar 2099');
});
