// One server for all: the page of each contender, its files, and stand-ins for the tags. What Samtykke's own server answers is
// fetched once and served from memory like the rest, so that no server's speed is measured. Everything is brotli at its best.

import { readFile } from 'node:fs/promises';
import { request as ask, createServer } from 'node:http';
import { brotliCompressSync } from 'node:zlib';
import { page } from './contenders.mjs';

// One of the peers listens to its buttons half a second after it shows them.
const QUIET_MS = 800;
const TYPES = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', gif: 'image/gif', html: 'text/html' };
const PIXEL = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64');

export async function startServer(contenders) {
  const ready = new Map();
  let behind;
  let sent = [];
  let open = 0;
  let lastAt = 0;

  const keep = (path, text) => {
    const body = brotliCompressSync(text);
    const type = TYPES[/\.(\w+)$/.exec(path)?.[1] ?? 'html'];
    ready.set(path, { status: 200, headers: { 'content-type': type, 'content-encoding': 'br' }, body });
  };
  for (const contender of contenders) {
    keep(`/${contender.name}`, page(contender));
    for (const [path, file] of Object.entries(contender.files)) keep(path, await readFile(file));
  }

  /** Samtykke's answer as it is; one that may be had again is kept. */
  async function forward({ method, url, headers }, body) {
    const known = method === 'GET' && ready.get(url);
    if (known) return known;
    const answer = await new Promise((done, failed) => {
      const asked = ask({ host: '127.0.0.1', port: behind, method, path: url, headers }, done);
      asked.on('error', failed);
      asked.end(body);
    });
    // Not its date: what is kept for minutes would look stale, and be asked for twice.
    const { connection: _c, 'transfer-encoding': _t, date: _d, ...said } = answer.headers;
    const made = { status: answer.statusCode, headers: said, body: await all(answer) };
    if (made.status >= 400) throw new Error(`${method} ${url}: ${made.status} ${made.body}`);
    if (method === 'GET') ready.set(url, made);
    return made;
  }

  async function respond(request) {
    const path = request.url.replace(/\?.*/, '');
    if (path.startsWith('/v1/')) return forward(request, await all(request));
    if (path.startsWith('/tag/')) {
      const pixel = path.endsWith('.gif');
      return { status: 200, headers: { 'content-type': TYPES[pixel ? 'gif' : 'js'] }, body: pixel ? PIXEL : '' };
    }
    return ready.get(path) ?? { status: 404, headers: {}, body: '' };
  }

  const server = createServer(async (request, answer) => {
    open += 1;
    try {
      const { status, headers, body } = await respond(request);
      if (status === 404) console.error(`nothing at ${request.url}`);
      if (status === 200 && !/\bbr\b/.test(request.headers['accept-encoding'])) throw new Error('brotli is not taken');
      sent.push({ method: request.method, path: request.url, bytes: body.length });
      answer.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
    } catch (error) {
      console.error(error);
      answer.writeHead(500).end();
    }
    open -= 1;
    lastAt = Date.now();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));

  const tags = () => new Set(sent.map(({ path }) => path).filter((path) => path.startsWith('/tag/'))).size;
  const until = async (what, isSo) => {
    const end = Date.now() + 30_000;
    while (!isSo()) {
      if (Date.now() > end) throw new Error(`waited in vain: ${what()}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };

  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    forwardTo(port) {
      behind = port;
    },
    forget() {
      sent = [];
      lastAt = Date.now();
    },
    /** What was loaded for the banner alone, with the configuration that stands in the page. */
    loaded(config) {
      const own = sent.filter(({ method, path }) => method === 'GET' && /^\/(v1|peers)\//.test(path));
      const inPage = config ? brotliCompressSync(config).length : 0;
      return { requests: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, inPage) };
    },
    heard: (count, name) =>
      until(
        () => `${tags()} of ${count} tags of ${name}`,
        () => tags() >= count,
      ),
    quiet: () =>
      until(
        () => 'quiet',
        () => !open && Date.now() - lastAt > QUIET_MS,
      ),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
