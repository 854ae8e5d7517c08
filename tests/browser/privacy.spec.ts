// Privacy browsers read the question and refuse for their visitors: by their own heuristic where it knows the language, and
// by the rule in deploy/ in every language.

import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser } from '@playwright/test';
import { visit } from './pages.js';
import { refuseBy, type Told } from './privacy.js';
import type { Service } from './service.js';
import { expect, test } from './test.js';

/** Those that its heuristic has words for. */
const KNOWN = ['ca', 'de', 'en', 'es', 'eu', 'fr', 'gl', 'it', 'nl', 'pl', 'pt', 'pt-BR'];

test.setTimeout(120_000);

test('autoconsent refuses without a rule in every language that it knows', async ({ browser, service }) => {
  await publishIn(service, KNOWN);
  for (const language of KNOWN) {
    const { told, choice } = await refused(browser, service, language, [], true);
    expect(
      told.map(({ cmp }) => cmp),
      language,
    ).toContain('HEURISTIC-REJECT');
    expect(choice, language).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  }
});

test('autoconsent refuses by the rule in deploy/ in every language', async ({ browser, service }) => {
  const rule = JSON.parse(await readFile(resolve('../deploy/autoconsent.json'), 'utf8'));
  const files = (await readdir('build/embed/texts')).filter((file) => file.endsWith('.json'));
  const languages = files.map((file) => file.replace('.json', ''));
  await publishIn(service, languages);
  for (const language of languages) {
    const { told, choice } = await refused(browser, service, language, [rule], false);
    expect(
      told.find(({ type }) => type === 'selfTestResult'),
      language,
    ).toMatchObject({ cmp: 'samtykke', result: true });
    expect(choice, language).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  }
});

for (const layout of ['box', 'centred']) {
  test(`autoconsent refuses in the layout ${layout}`, async ({ browser, service }) => {
    await service.publish((file) => file.replace('layout = "bar"', `layout = "${layout}"`));
    const { choice } = await refused(browser, service, 'en', [], true);
    expect(choice).toEqual({ preferences: 'denied', analytics: 'denied', advertising: 'denied' });
  });
}

/** Has the shop speak these languages alone. */
function publishIn(service: Service, languages: readonly string[]): Promise<void> {
  return service.publish((file) =>
    file
      .replace(/^languages = .*$/m, `languages = ${JSON.stringify(languages)}`)
      .replace(/^default_language = .*$/m, `default_language = "${languages[0]}"`)
      .replace(/^policy_url = .*$/m, 'policy_url = "/om"')
      .replace(/^\[texts\.(nb|en)\]\ntitle = .*$/gm, ''),
  );
}

/** What a new visitor's privacy browser says, and the choice that the page has then. */
async function refused(browser: Browser, service: Service, language: string, rules: object[], heuristic: boolean) {
  const page = await (await browser.newContext()).newPage();
  const told: readonly Told[] = await refuseBy(page, rules, heuristic);
  await visit(page, service, '<p>A page</p>', { language });
  const types = () => told.map(({ type }) => type);
  await expect.poll(types, language).toContain(heuristic ? 'autoconsentDone' : 'selfTestResult');
  const choice = await page.evaluate(() => window.samtykke.choice);
  await page.context().close();
  return { told, choice };
}
