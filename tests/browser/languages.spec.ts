// In which language a visitor is asked: the page's, else one that the browser wants, else the site's own.

import { visit } from './pages.js';
import { expect, test } from './test.js';

for (const [language, shown] of [
  ['nb', 'nb'],
  ['nb-NO', 'nb'],
  ['nn', 'nb'],
  ['en-GB', 'en'],
] as const) {
  test(`a page in ${language} is asked about in ${shown}`, async ({ page, service, shop }) => {
    await visit(page, service, '', { language });
    await expect(shop.first.locator('button[name=reject_all]')).toHaveText(
      { nb: 'Avvis alle', en: 'Reject all' }[shown],
    );
    await expect(page.locator('samtykke-panel')).toHaveAttribute('lang', shown);
  });
}

test.describe('a browser that wants Norwegian', () => {
  test.use({ locale: 'nb-NO' });

  test('gets it on a page in a language that the site does not speak', async ({ page, service, shop }) => {
    await visit(page, service, '', { language: 'de' });
    await expect(shop.first.locator('button[name=reject_all]')).toHaveText('Avvis alle');
  });
});

test.describe('a browser that wants nothing the site speaks', () => {
  test.use({ locale: 'ja-JP' });

  test('gets the default language, and its answer says so', async ({ page, service, shop }) => {
    await visit(page, service, '', { language: 'de' });
    const sent = page.waitForRequest('**/consents');
    await shop.first.locator('button[name=reject_all]').click();
    expect((await sent).postDataJSON()).toMatchObject({ language: 'nb', method: 'reject_all', page: '/test' });
  });
});
