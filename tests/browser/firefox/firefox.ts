// What every test in Firefox stands on: Debian's Firefox over WebDriver BiDi, a service and a profile's worth of storage of its
// own for each test, and a test that fails when the page or the browser does anything that nobody asked for.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { after, before, test as run } from 'node:test';
import puppeteer, { type Browser } from 'puppeteer-core';
import { Service } from '../service.js';
import { Visitor } from './visitor.js';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
/** For what hangs: what is slow, on a machine that is shared, has not failed. */
const TIMEOUT_MS = 90_000;

type Prefs = Readonly<Record<string, boolean | number | string>>;
type Test = (name: string, body: (visitor: Visitor) => Promise<void>) => void;

/** Starts one Firefox for the tests of a file, with these preferences, and gives what declares a test. */
export function firefox(prefs: Prefs = {}): Test {
  const outside: string[] = [];
  let proxy: Server;
  let browser: Browser;

  before(async () => {
    proxy = await refusingProxy(outside);
    browser = await puppeteer.launch({
      browser: 'firefox',
      protocol: 'webDriverBiDi',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      // Without it, a release build asks Mozilla's server whatever its preferences say.
      env: { ...process.env, MOZ_REMOTE_SETTINGS_DEVTOOLS: '1' },
      defaultViewport: { width: 1280, height: 800 },
      extraPrefsFirefox: { ...onThisMachine((proxy.address() as AddressInfo).port), ...prefs },
    });
  });

  after(async () => {
    await browser.close();
    proxy.close();
    assert.deepEqual(outside, [], 'nothing that Firefox itself asked the world for');
  });

  return (name, body) =>
    run(name, { timeout: TIMEOUT_MS }, async () => {
      const service = await Service.begin(REPOSITORY);
      const context = await browser.createBrowserContext();
      try {
        const visitor = new Visitor(await context.newPage(), service);
        await body(visitor);
        assert.deepEqual(visitor.wrongs(), [], 'nothing that nobody asked for');
      } finally {
        // Before the service stops: the shop goes on asking it.
        await context.close();
        await service.end();
      }
    });
}

/** Every site of these tests is on this machine, whatever its name says; whatever else is asked for meets the proxy. */
function onThisMachine(port: number): Prefs {
  return {
    'network.dns.localDomains': 'www.naustet.test,naustet.test',
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': port,
    'network.proxy.ssl': '127.0.0.1',
    'network.proxy.ssl_port': port,
    'network.proxy.no_proxies_on': '127.0.0.1, localhost, naustet.test, .naustet.test',
    'network.proxy.failover_direct': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'network.dns.disablePrefetch': true,
    'network.prefetch-next': false,
    'network.trr.mode': 5,
    'app.normandy.enabled': false,
    'browser.newtabpage.activity-stream.feeds.system.topstories': false,
    'browser.safebrowsing.update.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'dom.push.connection.enabled': false,
    'media.gmp-manager.updateEnabled': false,
    'security.OCSP.enabled': 0,
    'services.settings.server': 'data:,#remote-settings-dummy/v1',
  };
}

/** Answers nobody, and notes who was asked for. */
async function refusingProxy(asked: string[]): Promise<Server> {
  const proxy = createServer((request, answer) => {
    asked.push(`${request.method} ${request.url}`);
    answer.writeHead(502).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 Refused\r\n\r\n');
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  return proxy;
}
