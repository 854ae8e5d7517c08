// Two forms of one question: each visitor gets one of them, and their answer says which.

import type { Receipt } from '../../banner/src/gate/api.js';
import { expect, test } from './test.js';

test.beforeEach(async ({ service }) => {
  // Nearly everybody gets it; see below how the others are recognised.
  const other = '[[variants]]\nid = "b"\nshare = 99\nlayout = "box"\ntexts.nb.title = "Den andre formen"\n';
  await service.publish((file) => file.replace('[texts.nb]', `${other}\n[texts.nb]`));
});

const variantOf = ({ record }: Receipt) => (record as { variant?: string }).variant;

test('the question, the settings and the record agree on the form', async ({ page, shop, service }) => {
  const shown = page.waitForResponse('**/notice?layer=1*');
  const whole = page.waitForRequest('**/notice?layer=2*');
  await shop.visit();
  const { variant } = await (await shown).json();
  expect(['a', 'b']).toContain(variant);
  const isOther = variant === 'b';
  await expect(shop.first.locator('h2')).toHaveText(isOther ? 'Den andre formen' : 'Informasjonskapsler hos Naustet');
  await expect(shop.first).toHaveAttribute('layout', isOther ? 'box' : 'bar');

  await shop.first.locator('button[name=choose]').click();
  expect((await whole).url()).toContain(`variant=${variant}`);
  const receipt = await shop.receipt(() => shop.second.locator('button[name=save]').click());
  expect(variantOf(receipt)).toBe(variant);
  expect((await service.history(receipt.capability)).map((kept) => variantOf(kept as unknown as Receipt))).toEqual([
    variant,
  ]);
});

test('an answer that is sent by a later page still says it', async ({ page, shop, expectComplaint }) => {
  expectComplaint(/ERR_FAILED/);
  await page.route('**/consents', (route) => route.abort());
  const shown = page.waitForResponse('**/notice?layer=1*');
  await shop.visit('/om');
  const { variant } = await (await shown).json();
  await shop.first.locator('button[name=reject_all]').click();
  await expect.poll(() => shop.cookies()).toContain('samtykke_shop');
  await page.unroute('**/consents');
  const sent = page.waitForRequest('**/consents');
  await shop.visit('/om');
  expect((await sent).postDataJSON()).toMatchObject({ variant, language: 'nb', method: 'reject_all' });
  await shop.kept();
});

test('whatever the form, the two answers say the same', async ({ page, service }) => {
  const words: (string | null)[][] = [];
  for (const variant of ['a', 'b']) {
    await page.goto(`${service.url}/v1/sites/shop/preview?lang=nb&variant=${variant}`);
    const buttons = page.locator('samtykke-panel .first button');
    await buttons.first().waitFor();
    words.push(await buttons.allTextContents());
  }
  expect(words[1]).toEqual(words[0]);
});
