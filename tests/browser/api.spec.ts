// `window.samtykke`, as the page's own scripts use it.

import { visit } from './pages.js';
import { expect, test } from './test.js';

const DENIED = { preferences: 'denied', analytics: 'denied', advertising: 'denied' };
const GRANTED = { preferences: 'granted', analytics: 'granted', advertising: 'granted' };

test('it is frozen, and cannot be replaced', async ({ page, service }) => {
  await visit(page, service, '');
  const kept = await page.evaluate(() => {
    const { samtykke } = window;
    const tries = [
      () => Object.assign(window, { samtykke: null }),
      () => Object.assign(window.samtykke, { granted: () => true }),
      () => Object.defineProperty(window, 'samtykke', { value: null }),
    ];
    const refused = tries.map((attempt) => {
      try {
        attempt();
        return 'allowed';
      } catch (error) {
        return (error as Error).name;
      }
    });
    return { refused, same: samtykke === window.samtykke, members: Object.keys(samtykke) };
  });
  expect(kept).toEqual({
    refused: ['TypeError', 'TypeError', 'TypeError'],
    same: true,
    members: ['choice', 'receipt', 'granted', 'open', 'grantAll', 'denyAll', 'set', 'minor', 'on'],
  });
});

test('before an answer nothing but the necessary is granted', async ({ page, service }) => {
  await visit(page, service, '');
  const said = await page.evaluate(() => ({
    choice: window.samtykke.choice,
    receipt: window.samtykke.receipt,
    granted: ['necessary', 'analytics', 'toString', ''].map((purpose) => window.samtykke.granted(purpose)),
  }));
  expect(said).toEqual({ choice: null, receipt: null, granted: [true, false, false, false] });
});

test('grantAll, denyAll and set answer for the visitor', async ({ page, service }) => {
  await visit(page, service, '');
  const choice = () => page.evaluate(() => window.samtykke.choice);
  await page.evaluate(() => window.samtykke.set({ analytics: 'granted' }));
  expect(await choice()).toEqual({ ...DENIED, analytics: 'granted' });
  await page.evaluate(() => window.samtykke.set({ preferences: 'granted' }));
  expect(await choice()).toEqual({ ...GRANTED, advertising: 'denied' });
  await page.evaluate(() => window.samtykke.grantAll());
  expect(await choice()).toEqual(GRANTED);
  await page.evaluate(() => window.samtykke.denyAll());
  expect(await choice()).toEqual(DENIED);
  const frozen = await page.evaluate(() => Object.isFrozen(window.samtykke.choice));
  expect(frozen).toBe(true);
});

test('set refuses what it does not know, and changes nothing', async ({ page, service }) => {
  await visit(page, service, '');
  for (const choice of [{ everything: 'granted' }, { analytics: 'yes' }, { necessary: 'denied' }]) {
    const error = await page.evaluate(async (choice) => {
      try {
        await window.samtykke.set(choice as Record<string, 'granted'>);
        return '';
      } catch (error) {
        return (error as Error).name;
      }
    }, choice);
    expect(error).toBe('TypeError');
  }
  expect(await page.evaluate(() => window.samtykke.choice)).toBeNull();
});

test('a change is told to listeners, to the document and to the data layer', async ({ page, service }) => {
  await visit(page, service, '');
  const told = await page.evaluate(async () => {
    const told: [string, unknown][] = [];
    const stop = window.samtykke.on('change', (choice) => told.push(['listener', choice]));
    document.addEventListener('samtykke:change', (event) => told.push(['document', event.detail]));
    await window.samtykke.denyAll();
    stop();
    await window.samtykke.denyAll();
    const layer = (window.dataLayer ?? []).filter((entry) => 'event' in entry && entry.event === 'samtykke_change');
    return { told, layer };
  });
  expect(told.told).toEqual([
    ['listener', DENIED],
    ['document', DENIED],
    ['document', DENIED],
  ]);
  expect(told.layer).toEqual([
    { event: 'samtykke_change', samtykke: DENIED },
    { event: 'samtykke_change', samtykke: DENIED },
  ]);
});

test('a receipt is told, and kept for who asks later', async ({ page, service, shop }) => {
  await visit(page, service, '');
  const receipt = await shop.receipt(() => page.evaluate(() => window.samtykke.grantAll()));
  expect(receipt.jws.split('.')).toHaveLength(3);
  expect(await page.evaluate(() => window.samtykke.receipt)).toEqual(receipt);
  expect((await service.history(receipt.capability)).map(({ record }) => [record.action, record.method])).toEqual([
    ['granted', 'api'],
  ]);
});

test('a listener that throws harms nobody', async ({ page, service, context }) => {
  await visit(page, service, '');
  const thrown = new Promise<string>((done) => page.once('pageerror', (error) => done(error.message)));
  context.removeAllListeners('weberror');
  const heard = await page.evaluate(async () => {
    const heard: unknown[] = [];
    window.samtykke.on('change', () => {
      throw new Error('a listener of the page');
    });
    window.samtykke.on('change', (choice) => heard.push(choice));
    await window.samtykke.grantAll();
    return heard;
  });
  expect(heard).toEqual([GRANTED]);
  expect(await thrown).toContain('a listener of the page');
  await expect.poll(async () => (await service.hits()).map((hit) => hit.collector)).toContain('ga');
});

test('another tab that answers later is not undone by this one', async ({ page, service, context, shop }) => {
  await visit(page, service, '');
  const other = await context.newPage();
  await other.goto(`${service.url}/om`);
  const first = await shop.receipt(() => page.evaluate(() => window.samtykke.grantAll()));
  await other.evaluate(() => window.samtykke.denyAll());
  await expect.poll(async () => (await service.history(first.capability)).length).toBe(2);
  await page.reload();
  expect(await page.evaluate(() => window.samtykke.choice)).toEqual(DENIED);
});
