// A service of its own for one test: the built binary on a free port, with the demonstration shop and a folder that is
// thrown away.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** One request that a collector of the shop got. */
export interface Hit {
  readonly seq: number;
  readonly at: number;
  readonly collector: string;
  readonly cookies: boolean;
  readonly query: string;
}

/** A visitor's own record of one answer. */
export interface Kept {
  readonly record: Readonly<Record<'id' | 'action' | 'method', string>> & { readonly signals: readonly string[] };
}

/** As much of the answers about people as is looked at here. */
export interface Answer {
  readonly confirm_url?: string;
  readonly url?: string;
  /** For the page of somebody who is logged in. */
  readonly token?: string;
  readonly purposes?: Readonly<Record<string, { readonly allowed: boolean; readonly receipt?: string }>>;
  readonly sequence?: number;
  readonly unsubscribe?: Readonly<Record<'List-Unsubscribe', string>>;
  readonly channels: Readonly<
    Record<'email' | 'sms' | 'phone', { readonly allowed: boolean; readonly reason?: string }>
  >;
}

const PUBLIC = 'https://consent.example.no';

export class Service {
  readonly #repository: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #port = 0;
  #published = 0;

  private constructor(repository: string, folder: string) {
    this.#repository = repository;
    this.#folder = folder;
  }

  static async begin(repository: string): Promise<Service> {
    const service = new Service(repository, await mkdtemp(join(tmpdir(), 'samtykke-browser-')));
    await service.start();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The same service at a name that has a parent domain. */
  get named(): string {
    return `http://www.naustet.test:${this.#port}`;
  }

  /** Comes back at the same address after a stop. */
  async start(): Promise<void> {
    const settings = ['--listen', `127.0.0.1:${this.#port}`, '--data-dir', this.#folder, '--refresh-ms', '100'];
    // A browser says where it is by this header, as a proxy in front would: see places.ts.
    settings.push('--trusted-proxies', '127.0.0.1', '--region-header', 'x-region');
    // Links of letters begin with it: `letter` puts the service's own address in its place.
    settings.push('--public-url', PUBLIC);
    const made = spawn(this.#binary, ['serve', '--demo', ...settings, '--log', 'error'], {
      env: { ...process.env, SAMTYKKE_RATE_PER_MINUTE: '0', SAMTYKKE_WORKERS: '1', DATABASE_URL: undefined },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = made;
    this.#port = await new Promise((found, failed) => {
      made.once('error', failed);
      made.once('exit', (code) => failed(new Error(`the service ended with ${code} before it listened`)));
      createInterface(made.stdout).on('line', (line) => {
        const port = /listens on http:\/\/[\d.]+:(\d+)/.exec(line)?.[1];
        if (port) found(Number(port));
      });
    });
  }

  async stop(): Promise<void> {
    const stopping = this.#process;
    this.#process = undefined;
    if (!stopping || stopping.exitCode !== null) return;
    const ended = new Promise((done) => stopping.once('exit', done));
    stopping.kill('SIGTERM');
    await ended;
  }

  async end(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What the collectors got, in order. */
  async hits(): Promise<Hit[]> {
    return (await (await fetch(`${this.url}/demo/hits`)).json()) as Hit[];
  }

  /** The visitor's history, as whoever holds a receipt may ask for it. */
  async history(capability: string): Promise<Kept[]> {
    const headers = { Authorization: `Bearer ${capability}` };
    const answer = await fetch(`${this.url}/v1/sites/shop/visitors/me`, { headers });
    return ((await answer.json()) as { consents: Kept[] }).consents;
  }

  /** Publishes the shop's site file as `change` makes it, and waits until the service has taken it. */
  async publish(change: (file: string) => string = (file) => file): Promise<void> {
    const example = await readFile(join(this.#repository, 'server/demo/site.toml'), 'utf8');
    // The service has the file when it knows the origin that is new in it.
    this.#published += 1;
    const sign = `http://published-${this.#published}.naustet.test`;
    const own = `origins = ["${this.url}", "${this.named}", "${sign}"]`;
    const file = join(this.#folder, 'site.toml');
    await writeFile(file, change(example.replace(/^origins = .*$/m, own)));
    await promisify(execFile)(this.#binary, ['site', 'apply', file, '--data-dir', this.#folder, '--log', 'error']);
    while (!(await this.#knows(sign))) await new Promise((done) => setTimeout(done, 50));
  }

  /** What a system of the shop's is answered that asks as `METHOD /path/below/the/site`. */
  async ask(what: `${'GET' | 'POST'} ${string}`, body?: object): Promise<Answer> {
    const issue = ['token', 'issue', 'test', '--site', 'shop', '--scope', 'people:read people:write'];
    const words = [...issue, '--data-dir', this.#folder, '--log', 'error'];
    const { stdout } = await promisify(execFile)(this.#binary, words);
    const [method = '', path] = what.split(' ');
    const headers = { Authorization: `Bearer ${stdout.trim()}`, 'Content-Type': 'application/json' };
    const url = `${this.url}/v1/sites/shop${path}`;
    const answer = await fetch(url, { method, headers, body: body ? JSON.stringify(body) : null });
    return (await answer.json()) as Answer;
  }

  /** The link of a letter, at this service. */
  letter(link: string | undefined): string {
    if (!link?.startsWith(PUBLIC)) throw new Error(`no link of a letter: ${link}`);
    return link.replace(PUBLIC, this.url);
  }

  /** The tag that names one script of the shop by its hash, as the command line prints it. */
  async pinned(): Promise<string> {
    const words = ['site', 'embed', 'shop', '--data-dir', this.#folder, '--log', 'error'];
    const { stdout } = await promisify(execFile)(this.#binary, words);
    return /<script [^>]*integrity=[^>]*><\/script>/.exec(stdout)?.[0] ?? '';
  }

  async #knows(origin: string): Promise<boolean> {
    const answer = await fetch(`${this.url}/v1/sites/shop/notice`, { headers: { origin } });
    await answer.body?.cancel();
    return answer.headers.get('access-control-allow-origin') === origin;
  }

  get #binary(): string {
    const target = process.env.CARGO_TARGET_DIR ?? 'target';
    return resolve(this.#repository, target, 'debug/samtykke');
  }
}
