// Runs ../tests/browser in the system's Chromium (its folders firefox and webkit run by themselves). Nothing is downloaded and nothing is skipped: without a browser the tests fail.

import type { PlaywrightTestConfig } from '@playwright/test';

export default {
  testDir: '../tests/browser',
  testMatch: '*.spec.ts',
  outputDir: '../test-results',
  tsconfig: './tsconfig.json',
  reporter: 'list',
  retries: 0,
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  // For what hangs: what is slow, on a machine that is shared, has not failed.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Every site of these tests is on this machine, whatever its name says.
        '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
        // A site with a parent domain, and nothing beyond this machine.
        '--host-resolver-rules=MAP *.naustet.test 127.0.0.1, MAP *.other.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      ],
    },
  },
} satisfies PlaywrightTestConfig;
