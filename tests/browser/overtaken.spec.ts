// What comes too late changes nothing: an answer that was followed by another, one that was forgotten, words that are no more.

import { visit } from './pages.js';
import { Shop } from './shop.js';
import { expect, test } from './test.js';

const ELEMENT = '<h2>Cookies</h2><samtykke-declaration></samtykke-declaration>';

test('a cookie that the visitor deletes does not come back when the page is left', async ({ page, shop, context }) => {
  await shop.visit('/om');
  const recorded = shop.recorded();
  await shop.first.locator('button[name=accept_all]').click();
  await recorded;
  await context.clearCookies();
  await shop.visit('/om');
  await expect(shop.first).toBeVisible();
  expect(await page.evaluate(() => document.cookie)).not.toContain('samtykke_shop');
});

test('a no that follows a yes at once stands, also when the page is left at once', async ({ browser, service }) => {
  for (let rounds = 0; rounds < 5; rounds += 1) {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${service.url}/om`);
    const loaded = page.waitForEvent('load');
    await page.evaluate(() => {
      void window.samtykke.grantAll();
      void window.samtykke.denyAll();
      // The page's own cookie: the service may set its copy of the yes before or after.
      const isDenied = () => /samtykke_shop=[^;]*analytics:0/.test(document.cookie);
      const leave = () => (isDenied() ? location.reload() : setTimeout(leave));
      leave();
    });
    await loaded;
    const denied = { preferences: 'denied', analytics: 'denied', advertising: 'denied' };
    await expect.poll(() => page.evaluate(() => window.samtykke.choice)).toEqual(denied);
    // Both are recorded by then.
    await new Shop(page, service, []).kept();
    expect(await page.evaluate(() => window.samtykke.choice)).toEqual(denied);
    await page.context().close();
  }
});

test('an answer whose recording was not heard of is not recorded again once it is forgotten', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  expectComplaint(/ERR_FAILED/);
  let capability = '';
  let sent = 0;
  await page.route('**/consents', async (route) => {
    sent += 1;
    // It is recorded, and the page never hears of it.
    capability ||= (await (await route.fetch()).json()).capability;
    await route.abort();
  });
  await visit(page, service, ELEMENT);
  await shop.first.locator('button[name=accept_all]').click();
  await expect.poll(() => capability).not.toBe('');
  expect(await service.history(capability)).toHaveLength(1);
  const declaration = page.locator('samtykke-declaration');
  await declaration.locator('button[name=forget]').click();
  await declaration.locator('button[name=forget_yes]').click();
  await expect(declaration.getByRole('status')).toHaveText('Everything is deleted.');
  const before = sent;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  // Whatever would be sent is on its way by then.
  await page.evaluate(() => fetch('/healthz'));
  expect(sent).toBe(before);
  expect(await service.history(capability)).toEqual([]);
  await page.reload();
  await expect(shop.first).toBeVisible();
});

test('settings open although the variant that was shown is no more', async ({
  page,
  service,
  shop,
  expectComplaint,
}) => {
  expectComplaint(/422/);
  const other = '[[variants]]\nid = "b"\nshare = 99\nlayout = "box"\n';
  await service.publish((file) => file.replace('[texts.nb]', `${other}\n[texts.nb]`));
  await visit(page, service, '<p>Words</p>');
  await shop.first.waitFor();
  await service.publish();
  await shop.first.locator('button[name=choose]').click();
  await expect(shop.second).toBeVisible();
  const recorded = shop.recorded();
  await shop.second.locator('button[name=reject_all]').click();
  expect((await recorded).status()).toBe(201);
});

test('whoever takes note of an announcement brings no yes back that was withdrawn elsewhere', async ({
  page,
  service,
  shop,
  context,
}) => {
  await shop.answer('accept_all', '/om');
  const text = '{ nb = "Nytt.", en = "News.", ar = "جديد." }';
  await service.publish((file) => `${file}\n[announcement]\ndate = "2099-02-01"\ntext = ${text}\n`);
  const session = await context.newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await shop.visit('/om');
  const close = page.locator('samtykke-panel .announcement button');
  await close.waitFor();
  // Beside it, so that this one is not told by becoming visible again.
  const other = await context.newPage();
  await other.goto(`${service.url}/om`);
  await other.evaluate(() => window.samtykke.denyAll());
  await close.dispatchEvent('click');
  const denied = { preferences: 'denied', analytics: 'denied', advertising: 'denied' };
  await other.reload();
  expect(await other.evaluate(() => window.samtykke.choice)).toEqual(denied);
});

test('a page keeps its own room at the edge that the question leaves alone', async ({ page, service, shop }) => {
  const head = '<style>html { scroll-padding-top: 80px }</style>';
  await visit(page, service, '<p>Words</p>', { head });
  await shop.first.waitFor();
  await expect(page.locator('html')).toHaveCSS('scroll-padding-top', '80px');
  await expect(page.locator('html')).not.toHaveCSS('scroll-padding-bottom', 'auto');
  await shop.first.locator('button[name=reject_all]').click();
  await expect(page.locator('html')).toHaveCSS('scroll-padding-bottom', 'auto');
});
