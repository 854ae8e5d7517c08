import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gate, Notice } from '../gate/notice.js';
import { clean, domains, matches, paths } from './clean.js';

const service = (id: string, cookies: string[], storage: string[] = []) => ({
  id,
  name: id,
  vendor: id,
  cookies: cookies.map((name) => ({ name, days: 1 })),
  storage,
});
const notice = {
  purposes: [
    { id: 'analytics', services: [service('ga', ['_ga', '_ga_*'], ['ga_*', 'shared'])] },
    { id: 'advertising', services: [service('gtm', ['_ga', '_gcl_*'], ['shared', 'gcl'])] },
    { id: 'preferences', services: [service('video', [])] },
  ],
} as unknown as Notice;

/** A page with these cookies and storage, and what is left of them when only these services are granted. */
function left(cookie: string, keys: readonly string[], ...granted: string[]) {
  const written: string[] = [];
  const page = {
    get cookie() {
      return cookie;
    },
    set cookie(value: string) {
      written.push(value);
    },
  };
  const storage = () => {
    const kept: Record<string, unknown> = Object.fromEntries(keys.map((key) => [key, '1']));
    Object.defineProperty(kept, 'removeItem', { value: (key: string) => delete kept[key] });
    return kept;
  };
  const databases: string[] = [];
  const window = { localStorage: storage(), sessionStorage: storage() };
  Object.assign(globalThis, {
    document: page,
    location: { hostname: 'www.shop.example', pathname: '/a/b.html' },
    window,
    indexedDB: {
      databases: async () => keys.map((name) => ({ name })),
      deleteDatabase: (name: string) => databases.push(name),
    },
  });
  clean({ granted: (name: string) => granted.includes(name) } as unknown as Gate, notice);
  return { written, window, databases };
}

const names = (written: string[]) => [...new Set(written.map((value) => value.split('=')[0]))];

test('a cookie is looked for on the host and on every domain above it', () => {
  assert.deepEqual(domains('www.shop.co.uk'), [
    '',
    '; Domain=www.shop.co.uk',
    '; Domain=shop.co.uk',
    '; Domain=co.uk',
    '; Domain=uk',
  ]);
});

test('and on every path above the page, with and without a slash at its end', () => {
  assert.deepEqual(paths('/'), ['/']);
  assert.deepEqual(paths('/a/b.html'), ['/', '/a', '/a/', '/a/b.html', '/a/b.html/']);
  assert.deepEqual(paths('/a/'), ['/', '/a', '/a/']);
});

test('a star stands for any ending, and for nothing else', () => {
  assert.ok(matches('_ga_ABC', ['_ga_*']));
  assert.ok(!matches('_ga', ['_ga_*']));
  assert.ok(matches('_ga', ['x', '_ga']));
  assert.ok(!matches('_gat', ['_ga']));
  assert.ok(!matches('a_ga_1', ['_ga_*']));
});

test('a denied service leaves no cookie behind, and others keep theirs', () => {
  assert.deepEqual(names(left('_ga=1; _ga_X=2; basket=3; _gcl_au=4', []).written), ['_ga', '_ga_X', '_gcl_au']);
  assert.deepEqual(names(left('_ga=1; _ga_X=2; basket=3; _gcl_au=4', [], 'ga').written), ['_gcl_au']);
});

test('a cookie is deleted wherever it can have been set', () => {
  const { written } = left('_ga_X=a=b', []);
  assert.equal(written.length, 20);
  assert.ok(written.includes('_ga_X=; Max-Age=0; Path=/; Domain=shop.example'));
  assert.ok(written.includes('_ga_X=; Max-Age=0; Path=/a/b.html'));
});

test('keys of both storages and databases go too, unless a granted service has them', async () => {
  const keys = ['ga_1', 'shared', 'gcl', 'basket'];
  const none = left('', keys);
  await new Promise((done) => setImmediate(done));
  for (const storage of [none.window.localStorage, none.window.sessionStorage]) {
    assert.deepEqual(Object.keys(storage), ['basket']);
  }
  assert.deepEqual(none.databases, ['ga_1', 'shared', 'gcl']);
  const some = left('', keys, 'ga');
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(Object.keys(some.window.localStorage), ['ga_1', 'shared', 'basket']);
  assert.deepEqual(some.databases, ['gcl']);
});

test('a page that may have no storage keeps nobody from going on', () => {
  const { written } = left('_ga=1', []);
  Object.assign(globalThis, {
    window: {
      get localStorage(): never {
        throw new Error('SecurityError');
      },
    },
    indexedDB: undefined,
  });
  clean({ granted: () => false } as unknown as Gate, notice);
  assert.ok(written.length > 12);
});
