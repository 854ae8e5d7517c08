// What the links of letters open: pages that work without JavaScript, on any width, in light and in dark, and that change nothing before
// a button is pressed.

import { AxeBuilder } from '@axe-core/playwright';
import type { Service } from './service.js';
import { expect, test } from './test.js';

const KARI = '/people/kari@example.no';

async function says(service: Service, channel: string, answer = 'granted') {
  return service.ask(`POST ${KARI}/consents`, { channel, answer, source: 'kasse', language: 'nb' });
}

async function confirming(service: Service): Promise<void> {
  await service.publish((file) => file.replace('double_opt_in = false', 'double_opt_in = true'));
  await service.ask(`POST ${KARI}/adult`, { adult: true, source: 'kasse' });
}

async function email(service: Service) {
  return (await service.ask(`GET ${KARI}`)).channels.email;
}

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a yes is confirmed by the button of its page, once, and taken back by one click', async ({ page, service }) => {
    await confirming(service);
    const link = service.letter((await says(service, 'email')).confirm_url);
    await page.goto(link);
    await expect(page.locator('html')).toHaveAttribute('lang', 'nb');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bekreft e-posten din');
    expect(await email(service)).toMatchObject({ allowed: false, reason: 'pending' });

    await page.getByRole('button', { name: 'Ja, jeg vil ha e-post' }).click();
    await expect(page.getByRole('button')).toHaveCount(0);
    expect(page.url()).not.toContain('t=');
    expect(await email(service)).toMatchObject({ allowed: true });
    const headers = (await service.ask(`GET ${KARI}`)).unsubscribe;
    await page.goto(service.letter(headers?.['List-Unsubscribe'].slice(1, -1)));
    expect(await email(service)).toMatchObject({ allowed: true });
    await page.getByRole('button').click();
    await expect(page.getByRole('button')).toHaveCount(0);
    expect(await email(service)).toMatchObject({ allowed: false, reason: 'withdrawn' });
  });

  test('a person says yes and no to each channel, sees what is kept, and deletes it in two steps', async ({
    page,
    service,
  }) => {
    await says(service, 'sms');
    const { url } = await service.ask(`POST ${KARI}/links`);
    await page.goto(`${service.letter(url)}&lang=en`);
    const sms = page.getByRole('article', { name: 'SMS' });
    const [yes, no] = await Promise.all(['Yes', 'No'].map((name) => sms.getByRole('button', { name }).boundingBox()));
    expect([no?.width, no?.height]).toEqual([yes?.width, yes?.height]);
    await sms.getByRole('button', { name: 'No' }).click();
    await expect(sms).toContainText('You said no');
    const phone = page.getByRole('article', { name: 'Telephone' });
    await phone.getByRole('button', { name: 'Yes' }).click();
    await expect(phone).toContainText('You said yes');
    const answers = (await service.ask(`GET ${KARI}`)).channels;
    expect(answers.sms).toMatchObject({ allowed: false, reason: 'withdrawn' });
    expect(answers.phone.reason).toBe('adult_unknown');
    await expect(page.getByRole('listitem').filter({ hasText: 'kasse' })).toHaveCount(1);

    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    expect((await saved).suggestedFilename()).toBe('samtykke.json');
    await page.getByRole('button', { name: 'Delete everything' }).click();
    expect((await service.ask(`GET ${KARI}`)).channels.sms.allowed).toBe(false);
    await page.getByRole('button', { name: 'Yes, delete everything' }).click();
    await expect(page.getByText('Everything is deleted.')).toBeVisible();
    expect((await service.ask(`GET ${KARI}`)).channels).toBeUndefined();
  });

  test('at 320 px nothing lies beside the pages', async ({ page, service }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    for (const link of await links(service)) {
      await page.goto(link);
      const beside = (parts: Element[]) => parts.filter((part) => part.getBoundingClientRect().right > 320).length;
      expect(await page.locator('body *').count()).toBeGreaterThan(5);
      expect(await page.locator('body *').evaluateAll(beside)).toBe(0);
    }
  });
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on the pages in ${colorScheme}`, async ({ page, service }) => {
    await page.emulateMedia({ colorScheme });
    for (const link of await links(service)) {
      await page.goto(link);
      const scanned = new AxeBuilder({ page }).options({ rules: { 'target-size': { enabled: true } } });
      expect((await scanned.analyze()).violations).toEqual([]);
    }
  });
}

/** A page that asks, and a person's own. */
async function links(service: Service): Promise<string[]> {
  await confirming(service);
  await says(service, 'sms');
  const asked = (await says(service, 'email')).confirm_url;
  const own = (await service.ask(`POST ${KARI}/links`)).url;
  return [service.letter(asked), service.letter(own)];
}
