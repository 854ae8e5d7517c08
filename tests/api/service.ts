// A service of its own for one test of the API: the built binary on a free port, with the site of site.toml, a token that may do
// everything there, and a folder that is thrown away.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** The test runner sees to it that everything runs in banner/build/api. */
export const REPOSITORY = resolve('../../..');
export const HERE = join(REPOSITORY, 'tests/api');
export const ORIGIN = 'https://www.example.no';
const SCOPES = 'consents:read people:read people:write export stats erase webhooks';

export type Engine = 'SQLite' | 'PostgreSQL';

const run = promisify(execFile);

export class Service {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  /** The secret of the client `client`, which may do the same. */
  readonly secret: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, made: ChildProcess, url: string, token: string, secret: string) {
    this.folder = folder;
    this.#process = made;
    this.url = url;
    this.token = token;
    this.secret = secret;
  }

  /** Over SQLite, or over the PostgreSQL that the test run started: one service alone. */
  static async begin(engine: Engine = 'SQLite'): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), 'samtykke-api-'));
    const env = settings(folder, engine);
    await run(binary(), ['site', 'apply', await site(folder)], { env });
    const made = spawn(binary(), ['serve', '--listen', '127.0.0.1:0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise<string>((found, failed) => {
      made.once('error', failed);
      made.once('exit', (code) => failed(new Error(`the service ended with ${code} before it listened`)));
      createInterface(made.stdout).on('line', (line) => {
        const at = /listens on (http:\/\/[\d.]+:\d+)/.exec(line)?.[1];
        if (at) found(at);
      });
    });
    const issue = ['token', 'issue', 'crm', '--site', 'shop', '--scope', SCOPES, '--minutes', '60'];
    const { stdout } = await run(binary(), issue, { env });
    const added = await run(binary(), ['client', 'add', 'client', '--site', 'shop', '--scope', SCOPES], { env });
    const secret = /^client_secret (.+)$/m.exec(added.stdout)?.[1] ?? '';
    return new Service(folder, made, url, stdout.trim(), secret);
  }

  async end(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What a shell has that stands beside the service: its settings, and the program by its name. */
  get shell(): NodeJS.ProcessEnv {
    return { ...settings(this.folder, 'SQLite'), PATH: `${resolve(binary(), '..')}:${process.env.PATH}` };
  }

  /** An answer of a new visitor, as a page sends it, and its receipt. */
  async answer(): Promise<{ record: { id: string; visitor: string }; capability: string }> {
    const choice = { analytics: 'granted', advertising: 'denied' };
    const body = { id: v7(), visitor: v7(), notice: 1, language: 'nb', method: 'save', choice };
    const headers = { Origin: ORIGIN, 'Content-Type': 'application/json' };
    const url = `${this.url}/v1/sites/shop/consents`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.status !== 201) throw new Error(await response.text());
    return (await response.json()) as { record: { id: string; visitor: string }; capability: string };
  }

  /** Somebody is logged in on a page: what it comes with, made by the README's own lines, and what it is given for that. */
  async login(): Promise<{ token: string; session: string }> {
    const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
    const [, code = ''] = /^ +```js\n([\s\S]*?export function loginToken[\s\S]*?)^ +```/m.exec(readme) ?? [];
    const shown = `${code}\nconsole.log(loginToken('kunde-10234'));`;
    const { stdout } = await run('node', ['--input-type=module', '-e', shown], { cwd: this.folder });
    const token = stdout.trim();
    const body = JSON.stringify({ token });
    const opened = await fetch(`${this.url}/v1/sites/shop/logins`, {
      method: 'POST',
      headers: { Origin: ORIGIN },
      body,
    });
    if (opened.status !== 200) throw new Error(await opened.text());
    return { token, session: ((await opened.json()) as { session: string }).session };
  }

  /** Waits until the ledger has so many leaves. */
  async sealed(leaves: number): Promise<void> {
    for (;;) {
      const checkpoint = await (await fetch(`${this.url}/ledger/checkpoint`)).text();
      if (Number(checkpoint.split('\n')[1]) >= leaves) return;
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}

/** UUID version 7, as clients make them. */
export function v7(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** The site's file, with the public half of a key that `login.pem` beside it is the other half of. */
async function site(folder: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'login.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const text = await readFile(join(HERE, 'site.toml'), 'utf8');
  const file = join(folder, 'site.toml');
  await writeFile(file, text.replace('login_keys = []', `login_keys = ["${key}"]`));
  return file;
}

function settings(folder: string, engine: Engine): NodeJS.ProcessEnv {
  const { TEST_POSTGRES_URL } = process.env;
  if (engine === 'PostgreSQL' && !TEST_POSTGRES_URL) throw new Error('run the tests through tests/with-postgres');
  return {
    ...process.env,
    DATABASE_URL: engine === 'PostgreSQL' ? TEST_POSTGRES_URL : undefined,
    SAMTYKKE_DATA_DIR: folder,
    SAMTYKKE_LOG: 'error',
    SAMTYKKE_RATE_PER_MINUTE: '0',
    // So many that nobody meets it, and every answer says so.
    SAMTYKKE_API_RATE_PER_MINUTE: '100000000',
    SAMTYKKE_API_REFUSED_PER_MINUTE: '0',
    SAMTYKKE_SEAL_MS: '50',
    SAMTYKKE_WEBHOOKS_TO_PRIVATE: 'true',
  };
}

function binary(): string {
  return resolve(REPOSITORY, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/samtykke');
}
