// Pages that the shop does not have, on the shop's own origin.

import type { Page } from '@playwright/test';
import type { Service } from './service.js';

interface Extra {
  readonly language?: string;
  readonly policy?: string;
  /** Stands before the banner's script. */
  readonly head?: string;
  /** Attributes of the banner's script. */
  readonly script?: string;
  readonly site?: string;
}

/** Serves a page with this body at `/test`, and opens it. The page's own scripts may write into `window.seen`. */
export async function visit(page: Page, service: Service, body: string, extra: Extra = {}): Promise<void> {
  const { language = 'en', policy, head = '', script = '', site = 'shop' } = extra;
  const html = `<!doctype html>
    <html lang="${language}"><head><meta charset="utf-8"><title>A page</title>${head}
    <script src="/v1/sites/${site}/banner.js" ${script}></script></head>
    <body>${body}</body></html>`;
  const headers = policy ? { 'content-security-policy': policy } : {};
  await page.route('**/test', (route) => route.fulfill({ contentType: 'text/html', headers, body: html }));
  await page.goto(`${service.url}/test`);
}

/** Serves a script at `/test/NAME.js` that notes its name in `window.seen`, some time after it was asked for. */
export async function serveScript(page: Page, name: string, delayMs = 0): Promise<void> {
  await page.route(`**/test/${name}.js`, async (route) => {
    if (delayMs) await new Promise((done) => setTimeout(done, delayMs));
    await route.fulfill({ contentType: 'text/javascript', body: note(name) });
  });
}

/** A statement that notes a name. */
export function note(name: string): string {
  return `(window.seen ||= []).push(${JSON.stringify(name)});`;
}

/** The names that were noted, in order. */
export async function seen(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as { seen?: string[] }).seen ?? []);
}
