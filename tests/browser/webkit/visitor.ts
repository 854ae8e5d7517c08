// A visitor in WebKit: what is done on a page, and what the page did. Only here is it known how the banner is built.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Receipt } from '../../../banner/src/gate/api.js';
import { namesIn } from '../names.js';
import type { Service } from '../service.js';
import { TAGS } from '../tags.js';
import { until } from '../until.js';
import type { Between } from './between.js';
import type { Element, Session } from './session.js';

const AXE = resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js');
const QUIET_MS = 500;

const STATUS = '.status[role=status]';
const BOX = '.box';

type Answer = 'accept_all' | 'reject_all';

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

export class Visitor {
  /** The question, the settings and the page's link to them. */
  readonly first = '.first[role=dialog]';
  readonly second = 'dialog.second';
  readonly link = '.bottom [data-samtykke=open]';

  constructor(
    readonly browser: Session,
    readonly between: Between,
    readonly service: Service,
  ) {}

  async visit(path = '/'): Promise<void> {
    await this.browser.visit(this.service.named + path);
  }

  /** Serves a page with this body at `/test`, and opens it. */
  async visitPage(body: string): Promise<void> {
    this.between.serve(
      '/test',
      `<!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>A page</title>
      <script src="/v1/sites/shop/banner.js"></script></head>
      <body>${body}</body></html>`,
    );
    await this.visit('/test');
  }

  /** Waits until there is such an element with a place on the screen. */
  async shown(selector: string): Promise<Element> {
    let found: Element | null = null;
    await until(`${selector} is shown`, async () => {
      found = await this.#find(selector);
      return !!found && ((await this.browser.execute('return arguments[0].checkVisibility()', found)) as boolean);
    });
    assert(found);
    return found;
  }

  async isThere(selector: string): Promise<boolean> {
    return !!(await this.#find(selector));
  }

  async gone(selector: string): Promise<void> {
    await until(`${selector} is gone`, async () => !(await this.isThere(selector)));
  }

  async click(selector: string): Promise<void> {
    await this.browser.click(await this.shown(selector));
  }

  /** Gives the answer that the question asks for. */
  answer(answer: Answer): Promise<Required<Receipt>> {
    return this.receipt(() => this.click(`${this.first} button[name=${answer}]`));
  }

  /** Opens the settings by the question. */
  async choose(): Promise<void> {
    await this.click(`${this.first} button[name=choose]`);
    await this.shown(this.second);
  }

  /** Opens the settings by the page's link, after an answer. */
  async reopen(): Promise<void> {
    await this.click(this.link);
    await this.shown(this.second);
  }

  async toggle(purpose: string): Promise<void> {
    await this.click(switchOf(this.second, purpose));
  }

  async isOn(purpose: string): Promise<boolean> {
    const found = await this.shown(switchOf(this.second, purpose));
    return (await this.browser.execute('return arguments[0].checked', found)) as boolean;
  }

  save(): Promise<Required<Receipt>> {
    return this.receipt(() => this.click(`${this.second} button[name=save]`));
  }

  rejectInSettings(): Promise<Required<Receipt>> {
    return this.receipt(() => this.click(`${this.second} button[name=reject_all]`));
  }

  /** What the placeholder of a held frame says. */
  async placeholder(): Promise<string> {
    return this.#text(await this.shown(BOX));
  }

  async showOnce(): Promise<void> {
    await this.click(`${BOX} button[name=once]`);
  }

  /** Waits until the banner says something to who cannot see, and answers with that. */
  async told(): Promise<string> {
    return this.#text(await this.shown(`${STATUS}:not(:empty)`));
  }

  /** What is said of an answer, in this language. */
  async saved(language: string): Promise<string> {
    const notice = await fetch(`${this.service.url}/v1/sites/shop/notice?lang=${language}`);
    return ((await notice.json()) as { texts: { saved: string } }).texts.saved;
  }

  /** The receipt that the service gives while `act` runs, whatever the page does meanwhile. */
  async receipt(act: () => Promise<unknown>): Promise<Required<Receipt>> {
    const before = this.between.exchanges.length;
    await act();
    const given = () =>
      this.between.exchanges
        .slice(before)
        .find(({ method, url, status }) => method === 'POST' && url.endsWith('/consents') && status);
    await until('the receipt', () => !!given());
    assert.equal(given()?.status, 201);
    return JSON.parse(given()?.body ?? '') as Required<Receipt>;
  }

  /** What the browser asked of the shop's tags until now. */
  tags(): string[] {
    return this.between.exchanges.map(({ url }) => url).filter((url) => TAGS.test(url));
  }

  /** Waits until the page asks for nothing any more. */
  async quiet(): Promise<void> {
    await until('the page is quiet', () => this.between.quietMs() >= QUIET_MS);
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

  /** What was done by this visitor and how, in order, as the service has it. */
  async history({ capability }: Required<Receipt>): Promise<[string, string][]> {
    return (await this.service.history(capability)).map(({ record }) => [record.action, record.method]);
  }

  /** The names of the cookies that the page can see. */
  async cookies(): Promise<string[]> {
    return namesIn(await this.browser.evaluate(() => document.cookie));
  }

  async choice(): Promise<Readonly<Record<string, string>> | null> {
    return this.browser.evaluate(() => window.samtykke.choice);
  }

  /** Moves the focus to the next element, and answers with its name or class, also inside the panel. */
  async tab(): Promise<string> {
    await this.browser.press('tab');
    return this.focused();
  }

  async tabTo(name: string): Promise<void> {
    const met: string[] = [];
    while (met.at(-1) !== name) {
      met.push(await this.tab());
      assert(met.length < 30, `the keyboard never comes to ${name}: ${met}`);
    }
  }

  async focused(): Promise<string> {
    return this.browser.evaluate(() => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.getAttribute('name') ?? active?.className ?? '';
    });
  }

  async hasFocus(selector: string): Promise<boolean> {
    const found = await this.shown(selector);
    return (await this.browser.execute('return arguments[0] === document.activeElement', found)) as boolean;
  }

  /** What axe finds wrong on the page, shadow roots included. */
  async violations(): Promise<string[]> {
    await this.browser.execute(await readFile(AXE, 'utf8'));
    return this.browser.evaluate(async () => {
      const { axe } = window as unknown as { axe: Axe };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
  }

  async #text(element: Element): Promise<string> {
    return (await this.browser.execute('return arguments[0].textContent', element)) as string;
  }

  /** Looks in the page and in every shadow root: parts of the banner stand in either. */
  #find(selector: string): Promise<Element | null> {
    return this.browser.evaluate((selector) => {
      const roots: (Document | ShadowRoot)[] = [document];
      for (const root of roots) {
        const found = root.querySelector(selector);
        // It leaves the browser as what the driver calls it.
        if (found) return found as unknown as Element;
        for (const { shadowRoot } of root.querySelectorAll('*')) if (shadowRoot) roots.push(shadowRoot);
      }
      return null;
    }, selector);
  }
}

function switchOf(layer: string, purpose: string): string {
  return `${layer} input[role=switch][name=${purpose}]`;
}
