// A withdrawal: always one click away, at once in force, and thorough.

import { expect, test } from './test.js';

const TAG_COOKIES = /^(_ga|_pk_)/;

test('a no after a yes stops the tags and deletes their cookies, without a reload where nothing needs one', async ({
  shop,
  page,
}) => {
  await shop.answer('accept_all', '/om');
  await shop.heard('ga', 'matomo', 'piwik', 'pixel');
  expect((await shop.cookies()).filter((name) => TAG_COOKIES.test(name))).toHaveLength(6);
  await page.evaluate(() => document.documentElement.setAttribute('data-same-page', ''));

  await page.locator('.bottom [data-samtykke=open]').click();
  const recorded = shop.recorded();
  await shop.second.locator('button[name=reject_all]').click();
  await recorded;
  expect(await shop.cookies()).toEqual(['samtykke_shop']);
  await expect(page.locator('html[data-same-page]')).toHaveCount(1);
  for (const name of ['ga', 'matomo', 'piwik', 'pixel']) {
    await expect(page.locator(`#log li[data-kind=stopped][data-name=${name}]`)).toHaveCount(1);
  }

  // What the page and the tags themselves still try goes nowhere.
  const before = shop.tags().length;
  await page.evaluate(() => {
    (function (..._: unknown[]) {
      // biome-ignore lint/complexity/noArguments: a command to Google's tag is an arguments object
      window.dataLayer?.push(arguments);
    })('event', 'after_no', {});
    window._paq?.push(['trackEvent', 'after', 'no']);
    const link = document.body.appendChild(document.createElement('a'));
    link.href = 'http://elsewhere.test/';
    link.onclick = () => false;
    link.click();
  });
  await page.waitForLoadState('networkidle');
  expect(shop.tags()).toHaveLength(before);
  expect(await shop.cookies()).toEqual(['samtykke_shop']);
});

test('a no after a yes tells Google the full denied set', async ({ shop, page }) => {
  await shop.answer('accept_all', '/om');
  await page.evaluate(() => window.samtykke.denyAll());
  const last = await page.evaluate(() => {
    const commands = (window.dataLayer ?? []).map((entry) => Array.from(entry as ArrayLike<unknown>));
    return commands.filter(([command]) => command === 'consent').at(-1);
  });
  expect(last).toEqual([
    'consent',
    'update',
    {
      ad_storage: 'denied',
      ad_user_data: 'denied',
      ad_personalization: 'denied',
      analytics_storage: 'denied',
      functionality_storage: 'denied',
      personalization_storage: 'denied',
      security_storage: 'granted',
    },
  ]);
});

test('where a marked script ran, a no loads the page anew, and clean', async ({ shop, page, service }) => {
  await shop.visit();
  const { capability } = await shop.receipt(() => shop.first.locator('button[name=accept_all]').click());
  await expect(page.locator('#for-you .offer')).toBeVisible();
  await page.locator('.bottom [data-samtykke=open]').click();
  await Promise.all([page.waitForEvent('load'), shop.second.locator('button[name=reject_all]').click()]);
  await expect(page.locator('#log li[data-kind=held][data-name=retarget]')).toHaveCount(1);
  await expect(page.locator('#for-you .offer')).toHaveCount(0);
  expect(await shop.cookies()).toEqual(['samtykke_shop']);
  // The old page sends it on its way out or the new one does, and both are one record.
  const actions = async () => (await service.history(capability)).map(({ record }) => record.action);
  await expect.poll(actions).toEqual(['granted', 'withdrawn']);
});

test('taking back one purpose leaves the other running', async ({ shop, page }) => {
  await shop.answer('accept_all', '/om');
  await shop.heard('ga', 'pixel');
  await page.locator('.bottom [data-samtykke=open]').click();
  await expect(shop.switch('analytics')).toBeChecked();
  await shop.switch('analytics').uncheck();
  const recorded = shop.recorded();
  await shop.second.locator('button[name=save]').click();
  await recorded;
  expect(await shop.choice()).toEqual({ preferences: 'granted', analytics: 'denied', advertising: 'granted' });
  expect(await shop.cookies()).toEqual(['samtykke_shop']);
});

test('a page and a script can open the settings, which show the present choice', async ({ shop, page }) => {
  await shop.choose('preferences');
  for (const open of [
    () => page.locator('.bottom [data-samtykke=open]').click(),
    () => page.evaluate(() => window.samtykke.open()),
  ]) {
    await open();
    await expect(shop.switch('preferences')).toBeChecked();
    await expect(shop.switch('analytics')).not.toBeChecked();
    await shop.second.locator('button[name=close]').click();
    await expect(shop.second).toHaveCount(0);
    await expect(shop.first).toHaveCount(0);
  }
});

test('cookies on the parent domain go too', async ({ shop, page, service, context }) => {
  await service.publish();
  await page.goto(`${service.named}/om`);
  await shop.first.locator('button[name=accept_all]').click();
  await shop.heard('ga', 'matomo', 'piwik');
  await page.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: as the real tags do it
    document.cookie = '_ga_PARENT=1; Domain=naustet.test; Path=/';
  });
  const names = async () => (await context.cookies()).map(({ name }) => name).sort();
  expect(await names()).toContain('_ga_PARENT');
  await page.evaluate(() => window.samtykke.denyAll());
  // With the service's copy of it.
  await expect.poll(names).toEqual(['samtykke_shop', 'samtykke_shop.']);
});

test('a stored no deletes what a tag left behind', async ({ shop, page, context, service }) => {
  await shop.answer('reject_all', '/om');
  await context.addCookies([{ name: '_pk_id.9.abcd', value: '1', url: service.url }]);
  await page.reload();
  await expect(page.locator('#choice [data-purpose=analytics]')).toHaveAttribute('data-state', 'denied');
  // What has to be deleted is asked for, and then deleted.
  await expect.poll(() => shop.cookies()).toEqual(['samtykke_shop']);
});

test('keys of both storages and databases go with the cookies, and what is not of a service stays', async ({
  shop,
  page,
  service,
}) => {
  await service.publish((file) => file.replace('kind = "ga4"', 'kind = "ga4"\nstorage = ["ga:*", "gadb"]'));
  await shop.answer('accept_all', '/om');
  await page.evaluate(async () => {
    for (const storage of [localStorage, sessionStorage]) {
      storage.setItem('ga:1', '1');
      storage.setItem('basket', '1');
    }
    for (const name of ['gadb', 'shopdb']) {
      const open = indexedDB.open(name);
      await new Promise((done) => {
        open.onsuccess = done;
      });
      open.result.close();
    }
  });
  await page.evaluate(() => window.samtykke.denyAll());
  const left = () =>
    page.evaluate(async () => ({
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      databases: (await indexedDB.databases()).map(({ name }) => name),
    }));
  await expect.poll(left).toEqual({ local: ['basket'], session: ['basket'], databases: ['shopdb'] });
});
