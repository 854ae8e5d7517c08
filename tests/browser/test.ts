// What every browser test stands on: a service of its own, and a browser that fails the test when the page does anything
// that nobody asked for.

import { resolve } from 'node:path';
import { test as base, type ConsoleMessage, expect, type Request } from '@playwright/test';
import { Service } from './service.js';
import { Shop } from './shop.js';

export { expect };

interface Fixtures {
  service: Service;
  /** Every address that the browser asked for, in order, from the first page on. */
  requests: string[];
  /** Takes what the test brings about: complaints in the console, and requests elsewhere that it answers itself. */
  expectComplaint: (about: RegExp) => void;
  shop: Shop;
}

export const test = base.extend<Fixtures & { guard: undefined; expected: RegExp[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are needed from the pattern
  service: async ({}, use, { config }) => {
    const service = await Service.begin(resolve(config.rootDir, '../..'));
    await use(service);
    await service.end();
  },

  requests: async ({ context }, use) => {
    const requests: string[] = [];
    context.on('request', (request) => requests.push(request.url()));
    await use(requests);
  },

  // biome-ignore lint/correctness/noEmptyPattern: as above
  expected: async ({}, use) => {
    await use([]);
  },

  expectComplaint: async ({ expected }, use) => {
    await use((about) => expected.push(about));
  },

  guard: [
    async ({ service: _, context, expected }, use) => {
      const wrongs: string[] = [];
      const isExpected = (text: string) => expected.some((about) => about.test(text));
      context.on('request', (request) => {
        if (isForeign(request) && !isExpected(request.url())) wrongs.push(`a request to ${request.url()}`);
      });
      context.on('weberror', (error) => wrongs.push(`an uncaught error: ${error.error().stack}`));
      // Chromium tells of violations of a content security policy here too.
      context.on('console', (message) => {
        const text = complaintOf(message);
        if (text && !isExpected(text)) wrongs.push(`a complaint: ${text}`);
      });
      await use(undefined);
      const found = [...wrongs];
      // Before the service stops: the shop goes on asking it.
      await context.close();
      expect(found, 'nothing that nobody asked for').toEqual([]);
    },
    { auto: true },
  ],

  shop: async ({ page, service, requests }, use) => {
    await use(new Shop(page, service, requests));
  },
});

function isForeign(request: Request): boolean {
  const { protocol, hostname } = new URL(request.url());
  return /^(https?|wss?):/.test(protocol) && !/^(127\.0\.0\.1|localhost|\w+\.(naustet|other)\.test)$/.test(hostname);
}

function complaintOf(message: ConsoleMessage): string | undefined {
  return message.type() === 'error' ? `${message.text()} (${message.location().url})` : undefined;
}
