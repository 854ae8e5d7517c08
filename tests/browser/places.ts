// Where a visitor is, and what their browser says before anybody asks.

import type { Page } from '@playwright/test';

/** The visitor's place from now on, such as `US-CA`. */
export async function from(page: Page, place: string): Promise<void> {
  await page.setExtraHTTPHeaders({ 'x-region': place });
}

/** Global Privacy Control as a browser that has it says it: to the page and to every server. */
export async function withControl(page: Page, place: string): Promise<void> {
  await page.setExtraHTTPHeaders({ 'x-region': place, 'sec-gpc': '1' });
  await page.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }));
}

export async function withDoNotTrack(page: Page): Promise<void> {
  await page.setExtraHTTPHeaders({ dnt: '1' });
  await page.addInitScript(() =>
    Object.defineProperty(Navigator.prototype, 'doNotTrack', {
      get: () => '1',
    }),
  );
}
