// The demonstration shop as a visitor meets it.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Receipt } from '../../banner/src/gate/api.js';
import { namesIn } from './names.js';
import type { Hit, Service } from './service.js';
import { TAGS } from './tags.js';

export type Answer = 'accept_all' | 'reject_all' | 'save';

export class Shop {
  readonly first: Locator;
  readonly second: Locator;

  constructor(
    readonly page: Page,
    readonly service: Service,
    readonly requests: readonly string[],
  ) {
    this.first = page.locator('samtykke-panel .first');
    this.second = page.locator('samtykke-panel dialog.second');
  }

  async visit(path = '/'): Promise<void> {
    await this.page.goto(this.service.url + path);
  }

  /** Opens a page, and gives the answer that the first layer asks for. */
  async answer(answer: 'accept_all' | 'reject_all', path = '/'): Promise<void> {
    await this.visit(path);
    await this.first.locator(`button[name=${answer}]`).click();
    await this.kept();
  }

  /** Opens a page, and says yes to these purposes alone. */
  async choose(...purposes: string[]): Promise<void> {
    await this.visit();
    await this.first.locator('button[name=choose]').click();
    for (const purpose of purposes) await this.switch(purpose).check();
    await this.second.locator('button[name=save]').click();
    await this.kept();
  }

  /** Waits until the device knows that its last answer is recorded. */
  async kept(): Promise<void> {
    const cookie = () => this.page.evaluate(() => document.cookie);
    await expect.poll(cookie).toMatch(/samtykke_shop=[^;]*\.(?=;|$)/);
  }

  switch(purpose: string): Locator {
    return this.second.locator(`input[role=switch][name=${purpose}]`);
  }

  /** Waits for the next answer of the service to a consent. Ask for it before the consent is given. */
  recorded() {
    return this.page.waitForResponse(
      (answer) => answer.request().method() === 'POST' && /consents$/.test(answer.url()),
    );
  }

  /** What the browser asked of the shop's tags until now. */
  tags(): string[] {
    return this.requests.filter((url) => TAGS.test(url));
  }

  /** Waits until every one of these collectors was sent something, and answers with the collectors that were. */
  async heard(...collectors: string[]): Promise<string[]> {
    const all = async () => [...new Set((await this.service.hits()).map((hit) => hit.collector))].sort();
    await expect.poll(all, `hits at ${collectors}`).toEqual(expect.arrayContaining(collectors));
    return all();
  }

  async hits(collector: string): Promise<Hit[]> {
    return (await this.service.hits()).filter((hit) => hit.collector === collector);
  }

  /** The names of the cookies that the page can see. */
  async cookies(): Promise<string[]> {
    return namesIn(await this.page.evaluate(() => document.cookie));
  }

  async choice(): Promise<Readonly<Record<string, string>> | null> {
    return this.page.evaluate(() => window.samtykke.choice);
  }

  /** The receipt that the page gets while `act` runs. */
  async receipt(act: () => Promise<unknown>): Promise<Required<Receipt>> {
    // Listens for sure before anything is done.
    const coming = await this.page.evaluateHandle(() => ({
      receipt: new Promise<Required<Receipt>>((done) =>
        document.addEventListener('samtykke:receipt', (e) => done(e.detail as Required<Receipt>)),
      ),
    }));
    await act();
    return coming.evaluate(({ receipt }) => receipt);
  }
}
