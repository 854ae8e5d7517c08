import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from './config.js';
import { deleteCookies, domains, matches } from './cookies.js';

const services: readonly Service[] = [
  { id: 'ga', kind: 'ga4', purpose: 'analytics', key: 'G-1', cookies: ['_ga', '_ga_*'] },
  { id: 'gtm', kind: 'gtm', purpose: 'advertising', key: 'GTM-1', cookies: ['_ga', '_gcl_*'] },
  { id: 'video', kind: 'embed', purpose: 'preferences' },
];

function deleted(cookie: string, ...granted: string[]): string[] {
  const written: string[] = [];
  const page = {
    get cookie() {
      return cookie;
    },
    set cookie(value: string) {
      written.push(value);
    },
  };
  Object.assign(globalThis, { document: page, location: { hostname: 'www.shop.example', pathname: '/a' } });
  deleteCookies(services, (purpose) => granted.includes(purpose));
  return written;
}

test('a cookie is looked for on the host and on every domain above it', () => {
  assert.deepEqual(domains('www.shop.co.uk'), [
    '',
    '; Domain=www.shop.co.uk',
    '; Domain=shop.co.uk',
    '; Domain=co.uk',
    '; Domain=uk',
  ]);
});

test('a star stands for any ending, and for nothing else', () => {
  assert.ok(matches('_ga_ABC', '_ga_*'));
  assert.ok(!matches('_ga', '_ga_*'));
  assert.ok(matches('_ga', '_ga'));
  assert.ok(!matches('_gat', '_ga'));
  assert.ok(!matches('a_ga_1', '_ga_*'));
});

test('a denied service leaves nothing behind, and others keep theirs', () => {
  const names = (written: string[]) => [...new Set(written.map((value) => value.split('=')[0]))];
  assert.deepEqual(names(deleted('_ga=1; _ga_X=2; basket=3; _gcl_au=4')), ['_ga', '_ga_X', '_gcl_au']);
  assert.deepEqual(names(deleted('_ga=1; _ga_X=2; basket=3; _gcl_au=4', 'analytics')), ['_gcl_au']);
});

test('a cookie is deleted wherever it can have been set', () => {
  const written = deleted('_ga_X=2');
  assert.equal(written.length, 8);
  assert.ok(written.includes('_ga_X=; Max-Age=0; Path=/; Domain=shop.example'));
  assert.ok(written.includes('_ga_X=; Max-Age=0; Path=/a'));
});
