// Stands between the browser and the service: notes what is asked for and what is answered, serves the pages that the shop
// does not have, and lets nothing go elsewhere. The driver itself tells of no requests and no errors.

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import type { Service } from '../service.js';

/** Where pages tell of their errors. */
const WRONGS = '/test/wrongs';

/** Runs in the page before all of its scripts, since it stands before the banner's in one file. */
function listen(wrongs: string): void {
  const tell = (body: string) => void fetch(wrongs, { method: 'POST', body, keepalive: true }).catch(() => {});
  addEventListener('error', ({ message, filename, lineno }) =>
    tell(`an uncaught error: ${message} at ${filename}:${lineno}`),
  );
  addEventListener('unhandledrejection', ({ reason }) => tell(`an uncaught rejection: ${reason} ${reason?.stack}`));
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    tell(`a violation: ${violatedDirective} ${blockedURI}`),
  );
  const { error } = console;
  console.error = (...words) => {
    tell(`a complaint: ${words.join(' ')}`);
    error.apply(console, words);
  };
}

interface Exchange {
  readonly method: string;
  readonly url: string;
  /** Once it is answered. */
  readonly status?: number;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class Between {
  /** What the browser asked for, in order. */
  readonly exchanges: Exchange[] = [];
  readonly #wrongs: string[] = [];
  readonly #pages = new Map<string, string>();
  readonly #own: string;
  #lastAt = Date.now();
  readonly #server: Server;

  private constructor({ url, named }: Service) {
    this.#own = new URL(named).origin;
    this.#server = createServer((asked, answer) => {
      this.#pass(url, asked, answer).catch((error) => {
        // What the page gave up while it was sent is nobody's fault.
        if (asked.complete) this.#wrongs.push(`no answer for ${asked.url}: ${error}`);
        answer.destroy();
      });
    });
    this.#server.on('connect', ({ url }, socket) => {
      this.#wrongs.push(`a request to ${url}`);
      socket.end('HTTP/1.1 502 Refused\r\n\r\n');
    });
  }

  static async begin(service: Service): Promise<Between> {
    const between = new Between(service);
    await new Promise<void>((done) => between.#server.listen(0, '127.0.0.1', done));
    return between;
  }

  async end(): Promise<void> {
    const ended = new Promise((done) => this.#server.close(done));
    this.#server.closeAllConnections();
    await ended;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Hands over what nobody asked for: requests elsewhere, errors, complaints, violations of a content security policy. */
  wrongs(): string[] {
    return this.#wrongs.splice(0);
  }

  /** For how long nothing was asked for and nothing answered. */
  quietMs(): number {
    return this.exchanges.every(({ status }) => status) ? Date.now() - this.#lastAt : 0;
  }

  serve(path: string, html: string): void {
    this.#pages.set(path, html);
  }

  async #pass(service: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '' } = asked;
    const { origin, pathname } = new URL(url);
    if (origin !== this.#own) {
      this.#wrongs.push(`a request to ${url}`);
      answer.writeHead(502).end();
    } else if (pathname === WRONGS) {
      this.#wrongs.push(await text(asked));
      answer.writeHead(204).end();
    } else {
      const given = await buffer(asked);
      const at = this.exchanges.push({ method, url }) - 1;
      const { status, headers, body } = this.#page(pathname) ?? (await forward(service, asked, given));
      this.#lastAt = Date.now();
      this.exchanges[at] = { method, url, status, body: `${body}` };
      answer.writeHead(status, headers).end(body);
    }
  }

  #page(path: string): Answer | undefined {
    const html = this.#pages.get(path);
    return html === undefined
      ? html
      : { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(html) };
  }
}

async function forward(service: string, asked: IncomingMessage, given: Buffer): Promise<Answer> {
  const { method = '', url = '', headers } = asked;
  const { pathname, search } = new URL(url);
  // Plain, to be read here.
  const made = request(service + pathname + search, { method, headers: { ...headers, 'accept-encoding': 'identity' } });
  made.end(given);
  const [got] = (await once(made, 'response')) as [IncomingMessage];
  const { statusCode: status = 0 } = got;
  const body = await buffer(got);
  if (status !== 200 || !pathname.endsWith('/banner.js')) return { status, headers: got.headers, body };
  const longer = Buffer.concat([Buffer.from(`(${listen})('${WRONGS}');\n`), body]);
  return { status, headers: { ...got.headers, 'content-length': `${longer.length}` }, body: longer };
}
