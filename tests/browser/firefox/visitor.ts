// A visitor in Firefox: what is done on a page, and what the page did.

import assert from 'node:assert/strict';
import type { ElementHandle, HTTPRequest, HTTPResponse, Page } from 'puppeteer-core';
import type { Receipt } from '../../../banner/src/gate/api.js';
import { namesIn } from '../names.js';
import type { Service } from '../service.js';
import { TAGS } from '../tags.js';
import { until } from '../until.js';

const FIRST = 'samtykke-panel > .first';
const SECOND = 'samtykke-panel >>> dialog.second';

interface Reply {
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Waited for before it is sent. */
  readonly after?: Promise<unknown>;
}

export class Visitor {
  readonly first = FIRST;
  readonly second = SECOND;
  /** What the browser asked for, in order. */
  readonly requests: HTTPRequest[] = [];
  readonly #wrongs: string[] = [];
  // Firefox remarks on every deletion of a cookie at a parent domain that this host has not.
  readonly #expected: RegExp[] = [/Cookie “.*” has been rejected for invalid domain/];
  readonly #replies = new Map<string, Reply>();

  constructor(
    readonly page: Page,
    readonly service: Service,
  ) {
    page.on('request', (request) => {
      this.requests.push(request);
      if (isForeign(request.url())) this.#wrongs.push(`a request to ${request.url()}`);
    });
    page.on('pageerror', (error) =>
      this.#wrongs.push(`an uncaught error: ${error instanceof Error ? error.stack : error}`),
    );
    page.on('console', (message) => {
      if (message.type() === 'error') this.#wrongs.push(`a complaint: ${message.text()}`);
    });
  }

  /** Takes what the test brings about. */
  expectComplaint(about: RegExp): void {
    this.#expected.push(about);
  }

  /** What nobody asked for: requests elsewhere, errors, complaints; also violations of a content security policy. */
  wrongs(): string[] {
    return this.#wrongs.filter((wrong) => !this.#expected.some((about) => about.test(wrong)));
  }

  async visit(path = '/'): Promise<void> {
    await this.page.goto(this.service.url + path);
  }

  /** Serves what the shop does not have, on its own origin. */
  async serve(path: string, reply: Reply): Promise<void> {
    if (!this.#replies.size) {
      await this.page.setRequestInterception(true);
      this.page.on('request', (request) => this.#answer(request));
    }
    this.#replies.set(path, reply);
  }

  /** Serves a page with this body at `/test`, and opens it. Its scripts may write into `window.seen`. */
  async visitPage(body: string, { policy = '', script = '' } = {}): Promise<void> {
    const html = `<!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>A page</title>
      <script src="/v1/sites/shop/banner.js" ${script}></script></head>
      <body>${body}</body></html>`;
    const headers = policy ? { 'content-security-policy': policy } : {};
    await this.serve('/test', { type: 'text/html', body: html, headers });
    await this.visit('/test');
  }

  async #answer(request: HTTPRequest): Promise<void> {
    const reply = this.#replies.get(new URL(request.url()).pathname);
    if (!reply) return request.continue();
    await reply.after;
    return request.respond({ contentType: reply.type, headers: reply.headers ?? {}, body: reply.body });
  }

  /** Waits until there is such an element with a place on the screen. */
  async shown(selector: string): Promise<ElementHandle> {
    const found = await this.page.waitForSelector(selector, { visible: true });
    assert(found, selector);
    return found as ElementHandle;
  }

  async gone(selector: string): Promise<void> {
    await until(`${selector} is gone`, async () => !(await this.page.$(selector)));
  }

  async click(selector: string): Promise<void> {
    await (await this.shown(selector)).click();
  }

  /** Opens a page, and gives the answer that the first layer asks for. */
  async answer(answer: 'accept_all' | 'reject_all', path = '/'): Promise<Required<Receipt>> {
    await this.visit(path);
    return this.receipt(() => this.click(`${FIRST} button[name=${answer}]`));
  }

  /** Opens a page, and says yes to these purposes alone. */
  async choose(...purposes: string[]): Promise<Required<Receipt>> {
    await this.visit();
    await this.click(`${FIRST} button[name=choose]`);
    for (const purpose of purposes) await this.click(switchOf(purpose));
    return this.receipt(() => this.click(`${SECOND} button[name=save]`));
  }

  async isOn(purpose: string): Promise<boolean> {
    return this.page.$eval(switchOf(purpose), (made) => (made as HTMLInputElement).checked);
  }

  /** The receipt that the service gives while `act` runs, whatever the page does meanwhile. */
  async receipt(act: () => Promise<unknown>): Promise<Required<Receipt>> {
    const recorded = this.recorded();
    await act();
    const answer = await recorded;
    assert.equal(answer.status(), 201);
    return (await answer.json()) as Required<Receipt>;
  }

  /** Waits for the next answer of the service to a consent. Ask for it before the consent is given. */
  recorded(): Promise<HTTPResponse> {
    return this.page.waitForResponse(
      (answer) => answer.request().method() === 'POST' && answer.url().endsWith('/consents'),
    );
  }

  /** What the browser asked of the shop's tags until now. */
  tags(): string[] {
    return this.requests.map((request) => request.url()).filter((url) => TAGS.test(url));
  }

  /** Waits until the page asks for nothing any more. */
  async quiet(): Promise<void> {
    await this.page.waitForNetworkIdle({ idleTime: 500 });
  }

  /** Waits until every one of these collectors was sent something, and answers with the collectors that were. */
  async heard(...collectors: string[]): Promise<string[]> {
    const all = async () => [...new Set((await this.service.hits()).map((hit) => hit.collector))].sort();
    await until(`hits at ${collectors}`, async () => {
      const found = await all();
      return collectors.every((collector) => found.includes(collector));
    });
    return all();
  }

  /** The names of the cookies that the page can see. */
  async cookies(): Promise<string[]> {
    return namesIn(await this.page.evaluate(() => document.cookie));
  }

  async choice(): Promise<Readonly<Record<string, string>> | null> {
    return this.page.evaluate(() => window.samtykke.choice);
  }

  /** The names that the page's scripts noted, in order. */
  async seen(): Promise<string[]> {
    return this.page.evaluate(() => (window as { seen?: string[] }).seen ?? []);
  }

  /** The name, or the class, of what has the focus, also inside the panel. */
  async focused(): Promise<string> {
    return this.page.evaluate(() => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.getAttribute('name') ?? active?.className ?? '';
    });
  }
}

function switchOf(purpose: string): string {
  return `${SECOND} input[role=switch][name=${purpose}]`;
}

/** A statement that notes a name. */
export function note(name: string): string {
  return `(window.seen ||= []).push(${JSON.stringify(name)});`;
}

function isForeign(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return /^(https?|wss?):/.test(protocol) && !/^(127\.0\.0\.1|localhost|\w+\.naustet\.test)$/.test(hostname);
}
