// One browser over WebDriver: the few of its commands that the tests need.

import assert from 'node:assert/strict';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const PATIENCE_MS = 20_000;

export type Element = Readonly<Record<typeof ELEMENT, string>>;

/** As the keyboard sends them. */
export const KEYS = { tab: '\uE004', enter: '\uE007', escape: '\uE00C', space: ' ' } as const;

export class Session {
  readonly #address: string;

  private constructor(address: string) {
    this.#address = address;
  }

  static async begin(driver: string, capabilities: object): Promise<Session> {
    const asked = { capabilities: { alwaysMatch: capabilities } };
    const { sessionId } = (await send('POST', `${driver}/session`, asked)) as { sessionId: string };
    return new Session(`${driver}/session/${sessionId}`);
  }

  /** Closes the browser. */
  async end(): Promise<void> {
    await send('DELETE', this.#address);
  }

  async visit(url: string): Promise<void> {
    await this.#do('url', { url });
  }

  async back(): Promise<void> {
    await this.#do('back');
  }

  async reload(): Promise<void> {
    await this.#do('refresh');
  }

  /** Runs a function in the page, and what it promises. It sees its arguments and the page, and nothing of the test. */
  async evaluate<Given extends readonly unknown[], Result>(
    run: (...given: Given) => Result,
    ...given: Given
  ): Promise<Awaited<Result>> {
    return (await this.execute(`return (${run})(...arguments)`, ...given)) as Awaited<Result>;
  }

  async execute(script: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#do('execute/sync', { script, args });
  }

  /** As a person does it, with the pointer. */
  async click(element: Element): Promise<void> {
    await this.#do(`element/${element[ELEMENT]}/click`);
  }

  async press(key: keyof typeof KEYS): Promise<void> {
    const value = KEYS[key];
    const actions = ['keyDown', 'keyUp'].map((type) => ({ type, value }));
    await this.#do('actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  /** Opens another tab, and answers with its name. */
  async tab(): Promise<string> {
    return ((await this.#do('window/new', { type: 'tab' })) as { handle: string }).handle;
  }

  /** The name of the present tab. */
  async here(): Promise<string> {
    return (await send('GET', `${this.#address}/window`)) as string;
  }

  async switchTo(name: string): Promise<void> {
    await this.#do('window', { handle: name });
  }

  /** Puts the window away and fetches it back, so that its page is hidden and then seen: the driver's tabs never change that. */
  async comeBack(): Promise<void> {
    await this.#do('window/minimize');
    await this.#do('window/rect', { width: 1024, height: 768 });
  }

  #do(command: string, given: object = {}): Promise<unknown> {
    return send('POST', `${this.#address}/${command}`, given);
  }
}

async function send(method: string, url: string, given?: object): Promise<unknown> {
  const body = given ? JSON.stringify(given) : null;
  const answer = await fetch(url, { method, body, signal: AbortSignal.timeout(PATIENCE_MS) });
  const { value } = (await answer.json()) as { value: unknown };
  assert(answer.ok, `WebDriver, ${method} ${new URL(url).pathname}: ${JSON.stringify(value)}`);
  return value;
}
