// A privacy browser: DuckDuckGo's autoconsent as such a browser runs it on every page.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';

/** What it tells the browser of what it found and did. */
export interface Told {
  readonly type: string;
  readonly cmp?: string;
  readonly result?: boolean;
  readonly scheduleSelfTest?: boolean;
  readonly id?: string;
  readonly code?: string;
}

/** Runs it on the page that is to be opened, with these rules besides its heuristic. Answers with what it tells, as it comes. */
export async function refuseBy(page: Page, rules: readonly object[], heuristic: boolean): Promise<readonly Told[]> {
  const told: Told[] = [];
  const config = {
    enabled: true,
    autoAction: 'optOut',
    disabledCmps: [],
    enablePrehide: false,
    detectRetries: 20,
    enableCosmeticRules: true,
    enableHeuristicDetection: heuristic,
    heuristicMode: heuristic ? 'tier2' : 'off',
  };
  const answer = (message: object) => `autoconsentReceiveMessage(${JSON.stringify(message)})`;
  await page.exposeBinding('autoconsentSendMessage', async ({ frame }, message: Told) => {
    told.push(message);
    if (message.type === 'init') {
      await frame.evaluate(answer({ type: 'initResp', config, rules: { autoconsent: rules } }));
    }
    // The code that it has for other banners.
    if (message.type === 'eval') {
      const result = await frame.evaluate(message.code ?? '').catch(() => false);
      await frame.evaluate(answer({ type: 'evalResp', id: message.id, result }));
    }
    if (message.type === 'autoconsentDone' && told.some(({ scheduleSelfTest }) => scheduleSelfTest)) {
      await frame.evaluate(answer({ type: 'selfTest' }));
    }
  });
  const script = resolve('node_modules/@duckduckgo/autoconsent/dist/autoconsent.playwright.js');
  await page.addInitScript(await readFile(script, 'utf8'));
  return told;
}
