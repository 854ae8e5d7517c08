// Report mode: a page tells of tags that run although nobody said yes, and nothing about the visitor.

import type { Page } from '@playwright/test';
import { visit } from './pages.js';
import type { Service } from './service.js';
import { expect, test } from './test.js';

const UNMARKED = '<script src="https://connect.facebook.net/en_US/fbevents.js"></script>';

/** Meta's script, which sets a cookie, from this machine. */
async function standIn(page: Page) {
  await page.route('https://connect.facebook.net/**', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: 'document.cookie = "_fbp=1; Path=/";' }),
  );
}

async function told(service: Service): Promise<string[]> {
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  return metrics.split('\n').filter((line) => line.startsWith('samtykke_unmarked_tags_total{'));
}

test('a request and a cookie of a known vendor without a yes are told, once a page', async ({
  page,
  service,
  expectComplaint,
}) => {
  expectComplaint(/connect\.facebook\.net/);
  await service.publish((file) => file.replace(/^languages = /m, 'report = true\nlanguages = '));
  await standIn(page);
  const bodies: (string | null)[] = [];
  page.on('request', (request) => request.url().endsWith('/reports') && bodies.push(request.postData()));
  await visit(page, service, UNMARKED + UNMARKED);
  await expect.poll(() => bodies.length).toBe(2);
  expect(bodies.sort()).toEqual(['{"service":"meta","found":"cookie"}', '{"service":"meta","found":"request"}']);
  await expect
    .poll(async () => (await told(service)).sort())
    .toEqual([
      'samtykke_unmarked_tags_total{site="shop",service="meta",found="cookie"} 1',
      'samtykke_unmarked_tags_total{site="shop",service="meta",found="request"} 1',
    ]);
});

test('what was granted is in order, and so is a page without report mode', async ({
  page,
  service,
  expectComplaint,
}) => {
  expectComplaint(/connect\.facebook\.net/);
  await standIn(page);
  const reports: string[] = [];
  page.on('request', (request) => /\/report/.test(request.url()) && reports.push(request.url()));
  await visit(page, service, UNMARKED);
  await page.waitForLoadState('networkidle');
  expect(reports).toEqual([]);
  await service.publish((file) => file.replace(/^languages = /m, 'report = true\nlanguages = '));
  await page.evaluate(() => window.samtykke.grantAll());
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await page.reload();
  await expect.poll(() => reports.length).toBe(1);
  await page.waitForLoadState('networkidle');
  expect(reports.filter((url) => url.endsWith('/reports'))).toEqual([]);
  expect(await told(service)).toEqual([]);
});
