// Previews: what somebody signs off is what a visitor meets, and nothing comes of it.

import { expect, test } from './test.js';

test('a preview shows the question and the settings, and records nothing', async ({ page, service, requests }) => {
  await page.goto(`${service.url}/v1/sites/shop/preview?lang=nb&layout=box&position=end&theme=dark`);
  const first = page.locator('samtykke-panel .first');
  await expect(first).toContainText('Informasjonskapsler hos Naustet');
  await expect(page.locator('samtykke-panel')).toHaveAttribute('theme', 'dark');
  const box = await first.boundingBox();
  expect((box?.x ?? 0) > 640).toBe(true);
  await first.locator('button[name=choose]').click();
  const second = page.locator('samtykke-panel dialog.second');
  await expect(second).toContainText('Google Analytics');
  await second.locator('button[name=accept_all]').click();
  await expect(page.locator('samtykke-panel [role=status]')).toHaveText('Valget ditt er lagret.');
  expect(requests.filter((url) => /consents|notice|banner\.js/.test(url))).toEqual([]);
  expect(await page.context().cookies()).toEqual([]);
});

test('a preview shows an older notice, another law, and a signal', async ({ page, service }) => {
  await service.publish((file) => file.replace('"Cookies at Naustet"', '"Newer words"'));
  const first = page.locator('samtykke-panel .first');
  await page.goto(`${service.url}/v1/sites/shop/preview?lang=en`);
  await expect(first).toContainText('Newer words');
  await page.goto(`${service.url}/v1/sites/shop/preview?lang=en&notice=1`);
  await expect(first).toContainText('Cookies at Naustet');
  await page.goto(`${service.url}/v1/sites/shop/preview?lang=en&regime=opt-out`);
  await expect(first.getByRole('heading')).toHaveText('Your privacy choices');

  await page.goto(`${service.url}/v1/sites/shop/preview?lang=en&regime=opt-out&layer=2`);
  const second = page.locator('samtykke-panel dialog.second');
  await expect(second.getByRole('heading', { level: 2 })).toHaveText('Your privacy choices');
  await expect(second.locator('input[name=advertising]')).toBeChecked();
  await page.goto(`${service.url}/v1/sites/shop/preview?lang=en&regime=opt-out&layer=2&gpc=1`);
  await expect(second.locator('input[name=advertising]')).not.toBeChecked();
});

test('a preview that cannot be says what is wrong', async ({ page, service }) => {
  for (const [query, status, field] of [
    ['notice=9', 422, 'notice'],
    ['notice=x', 422, 'notice'],
    ['layout=round', 422, 'layout'],
    ['layout=centred&position=top', 422, 'position'],
    ['theme=grey', 422, 'theme'],
    ['regime=none', 422, 'regime'],
    ['variant=x', 422, 'variant'],
    ['layer=3', 422, 'layer'],
    ['gpc=yes', 422, 'gpc'],
    ['colour=red', 400, 'query'],
  ] as const) {
    const answer = await page.request.get(`${service.url}/v1/sites/shop/preview?${query}`);
    expect(answer.status(), query).toBe(status);
    expect(answer.headers()['content-type'], query).toBe('application/problem+json');
    expect((await answer.json()).field, query).toBe(field);
  }
});
