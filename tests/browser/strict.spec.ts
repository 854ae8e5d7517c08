// Pages that trust little: nonces, trusted types, integrity; and clients that keep little: no cookies, a clock that stands
// still, a page that comes back from the browser's memory, a cookie or a script from before.

import { note, seen, serveScript, visit } from './pages.js';
import { expect, test } from './test.js';

const STRICT =
  "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "frame-src 'self'; require-trusted-types-for 'script'; trusted-types samtykke";
const held = (rest: string, text = '') => `<script type="text/plain" data-purpose="analytics" ${rest}>${text}</script>`;

test('under nonces, trusted types and style sheets of its own only, everything works', async ({
  page,
  service,
  shop,
}) => {
  await serveScript(page, 'outer');
  const frame =
    '<iframe title="A film" width="400" height="200" data-src="/demo/video.html" data-service="video"></iframe>';
  const body = held('nonce="n1"', note('inner')) + held('nonce="n1" src="/test/outer.js"') + frame;
  await visit(page, service, body, { policy: STRICT, script: 'nonce="n1"' });
  await expect(page.locator('samtykke-embed .box')).toBeVisible();
  const accept = shop.first.locator('button[name=accept_all]');
  // The style sheet came through: it is no bare button.
  expect(await accept.evaluate((button) => getComputedStyle(button).minHeight)).toBe('44px');
  await accept.click();
  await expect.poll(() => seen(page)).toEqual(['inner', 'outer']);
  await shop.heard('ga', 'matomo', 'pixel', 'video');
});

test('where the policy does not name ours, scripts stay held and the page works', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  expectComplaint(/TrustedTypePolicy|TrustedScript|Trusted Type/);
  await visit(page, service, held('nonce="n1"', note('inner')), {
    policy: STRICT.replace('trusted-types samtykke', "trusted-types 'none'"),
    script: 'nonce="n1"',
  });
  page.context().removeAllListeners('weberror');
  await shop.first.locator('button[name=accept_all]').click();
  await expect.poll(() => page.evaluate(() => window.samtykke.granted('analytics'))).toBe(true);
  await page.waitForLoadState('networkidle');
  expect(await seen(page)).toEqual([]);
});

test('markup that crept into a page of nonces is not lent one', async ({ page, service }) => {
  const policy = "script-src 'nonce-n1' 'strict-dynamic'";
  await serveScript(page, 'crept');
  const body = held('', note('none')) + held('nonce="n2"', note('wrong')) + held('src="/test/crept.js"');
  await visit(page, service, body + held('nonce="n1"', note('right')), { policy, script: 'nonce="n1"' });
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => seen(page)).toEqual(['right']);
});

test('with cookies blocked, an answer holds for the page, and nothing is stored', async ({
  page,
  service,
  shop,
  context,
}) => {
  // The shop's own trackers read cookies without looking whether they may.
  context.removeAllListeners('weberror');
  await page.addInitScript(() => {
    for (const name of ['cookie', 'localStorage', 'sessionStorage', 'indexedDB']) {
      const target = name === 'cookie' ? Document.prototype : Window.prototype;
      Object.defineProperty(target, name, {
        get() {
          throw new DOMException('blocked', 'SecurityError');
        },
        set() {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
    }
  });
  await visit(page, service, held('', note('held')));
  expect(await seen(page)).toEqual([]);
  const recorded = shop.recorded();
  await shop.first.locator('button[name=accept_all]').click();
  expect((await recorded).status()).toBe(201);
  await expect.poll(() => seen(page)).toEqual(['held']);
  await page.reload();
  await expect(shop.first).toBeVisible();
  expect(await seen(page)).toEqual([]);
});

test('a clock that stands still keeps nobody from answering, and from changing their mind', async ({
  page,
  service,
  shop,
}) => {
  await page.addInitScript(() => {
    const still = Date.now();
    Date.now = () => still;
  });
  await visit(page, service, held('', note('held')));
  const receipt = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await expect.poll(() => seen(page)).toEqual(['held']);
  await shop.receipt(() => page.evaluate(() => window.samtykke.set({ analytics: 'granted', advertising: 'denied' })));
  expect(await service.history(receipt.capability)).toHaveLength(2);
});

test('an answer from a clock that was far ahead does not hold', async ({ page, shop, expectComplaint }) => {
  expectComplaint(/ERR_FAILED/);
  await page.clock.install({ time: Date.now() + 400 * 864e5 });
  // Recorded, it would be as old as the service says.
  await page.route('**/consents', (route) => route.abort());
  await shop.visit('/om');
  await shop.first.locator('button[name=accept_all]').click();
  await page.clock.setSystemTime(Date.now());
  await page.reload();
  await expect(shop.first).toBeVisible();
  expect(await shop.choice()).toBeNull();
});

test('a page that comes back from memory follows what was answered meanwhile', async ({ page, service, shop }) => {
  await shop.answer('accept_all', '/om');
  await shop.heard('ga', 'matomo');
  // As a browser restores it: the scripts did not run again, and the cookie is another one.
  const other = await page.context().newPage();
  await other.goto(`${service.url}/en/about`);
  await other.evaluate(() => window.samtykke.denyAll());
  await other.close();
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await expect.poll(() => shop.choice()).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  await expect(page.locator('#log li[data-kind=stopped][data-name=ga]')).toHaveCount(1);
  await expect.poll(() => shop.cookies()).toEqual(['samtykke_shop']);
});

test('a script that is older than the service still asks, and its answer is taken', async ({ page, service, shop }) => {
  const old = await (await fetch(`${service.url}/v1/sites/shop/banner.js`)).text();
  await service.publish((file) => file.replace('"Informasjonskapsler hos Naustet"', '"Dine informasjonskapsler"'));
  await page.route('**/banner.js', (route) => route.fulfill({ contentType: 'text/javascript', body: old }));
  await visit(page, service, held('', note('held')), { language: 'nb' });
  await expect(shop.first).toContainText('Dine informasjonskapsler');
  const recorded = shop.recorded();
  await shop.first.locator('button[name=accept_all]').click();
  expect((await recorded).status()).toBe(201);
  await expect.poll(() => seen(page)).toEqual(['held']);
});

test('a page that names one script by its hash keeps it when the site changes, and runs no other in its place', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  const tag = await service.pinned();
  expect(tag).toMatch(/banner\.[\da-f]{16}\.js" integrity="sha384-[\w+/=]{64}" crossorigin="anonymous">/);
  const body = (tag: string) =>
    `<!doctype html><html lang="nb"><head><title>Pinned</title>${tag}</head><body>${held('', note('held'))}</body></html>`;
  let html = body(tag);
  await page.route('**/pinned', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await service.publish((file) => file.replace('"Informasjonskapsler hos Naustet"', '"Dine informasjonskapsler"'));
  await page.goto(`${service.url}/pinned`);
  await expect(shop.first).toContainText('Dine informasjonskapsler');
  const recorded = shop.recorded();
  await shop.first.locator('button[name=accept_all]').click();
  expect((await recorded).status()).toBe(201);
  await expect.poll(() => seen(page)).toEqual(['held']);

  expectComplaint(/integrity|ERR_FAILED/i);
  html = body(tag.replace(/sha384-.{4}/, 'sha384-AAAA'));
  await page.goto(`${service.url}/pinned`);
  await page.waitForLoadState('networkidle');
  expect(await page.evaluate(() => 'samtykke' in window)).toBe(false);
  expect(await seen(page)).toEqual([]);
});

test('two copies of different age are one: the first', async ({ page, service, requests }) => {
  const old = await (await fetch(`${service.url}/v1/sites/shop/banner.js`)).text();
  await page.route('**/v1/sites/shop/banner.js?old', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: old }),
  );
  await service.publish((file) => file.replace('"Informasjonskapsler hos Naustet"', '"Dine informasjonskapsler"'));
  const copy = '<script src="/v1/sites/shop/banner.js?old"></script>';
  await visit(page, service, copy + held('', note('once')));
  await page.evaluate(() => window.samtykke.grantAll());
  await expect.poll(() => seen(page)).toEqual(['once']);
  await expect(page.locator('samtykke-panel')).toHaveCount(1);
  expect(requests.filter((url) => url.includes('/notice'))).toHaveLength(1);
});

test('synthetic clicks say no and never yes, whichever button they press', async ({ shop, page }) => {
  await shop.visit('/en');
  const press = (name: string) =>
    page
      .locator(`samtykke-panel button[name=${name}]`)
      .last()
      .evaluate((button: HTMLElement) => button.click());
  await expect(shop.first).toBeVisible();
  await press('accept_all');
  await press('choose');
  await shop.switch('analytics').evaluate((input: HTMLInputElement) => input.click());
  await press('save');
  await press('accept_all');
  expect(await shop.choice()).toBeNull();
  await page.waitForLoadState('networkidle');
  expect(shop.tags()).toEqual([]);
  await shop.switch('analytics').evaluate((input: HTMLInputElement) => input.click());
  await press('save');
  expect(await shop.choice()).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
});
