// What every test in WebKit stands on: Debian's WebKitGTK over WebDriver on a screen that nobody sees, a service and a browser
// of its own for each test, and a test that fails when the page or the browser does anything that nobody asked for.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test as run } from 'node:test';
import { Service } from '../service.js';
import { until } from '../until.js';
import { Between } from './between.js';
import { Session } from './session.js';
import { Visitor } from './visitor.js';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
/** For what hangs: what is slow, on a machine that is shared, has not failed. */
const TIMEOUT_MS = 90_000;

type Test = (name: string, body: (visitor: Visitor) => Promise<void>) => void;

/** Starts a screen and a driver for the tests of a file, and gives what declares a test. */
export function webkit(): Test {
  let folder: string;
  let screen: ChildProcess;
  let driver: Driver;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'samtykke-webkit-'));
    const [process, display] = await startScreen();
    screen = process;
    driver = await startDriver(display, folder);
  });

  after(async () => {
    await stop(driver.process);
    await stop(screen);
    await rm(folder, { recursive: true, force: true });
  });

  return (name, body) =>
    run(name, { timeout: TIMEOUT_MS }, async () => {
      const service = await Service.begin(REPOSITORY);
      const between = await Between.begin(service);
      try {
        // At its name: WebKit asks no proxy for an address of this machine.
        await service.publish();
        const session = await Session.begin(driver.address, browser(between));
        try {
          const visitor = new Visitor(session, between, service);
          await body(visitor);
          // What is wrong now is told at once.
          await visitor.quiet();
        } finally {
          await session.end();
        }
        assert.deepEqual(between.wrongs(), [], 'nothing that nobody asked for');
      } finally {
        await between.end();
        await service.end();
      }
    });
}

function browser({ address }: Between): object {
  return {
    browserName: 'MiniBrowser',
    proxy: { proxyType: 'manual', httpProxy: address, sslProxy: address },
    timeouts: { script: 10_000, pageLoad: 15_000 },
  };
}

async function startScreen(): Promise<[ChildProcess, string]> {
  const started = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const told = once(started.stdio[3] as Readable, 'data');
  const ended = once(started, 'exit').then(([code]) => assert.fail(`the screen ended with ${code}`));
  const [number] = await Promise.race([told, ended]);
  return [started, `:${String(number).trim()}`];
}

interface Driver {
  readonly process: ChildProcess;
  readonly address: string;
}

async function startDriver(display: string, folder: string): Promise<Driver> {
  // The driver takes no port 0. One that was free a moment ago may be taken now.
  for (let tries = 0; tries < 5; tries += 1) {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const started = spawn('WebKitWebDriver', [`--port=${port}`], {
      env: surroundings(display, folder),
      stdio: 'ignore',
    });
    const isOver = () => started.exitCode !== null;
    const answers = () =>
      fetch(`${address}/status`)
        .then(({ ok }) => ok)
        .catch(() => false);
    await once(started, 'spawn');
    await until('the driver listens', async () => isOver() || (await answers()));
    if (!isOver()) return { process: started, address };
  }
  return assert.fail('no port for the driver');
}

/** Nothing of the person's own who runs this: no settings, no session bus, no graphics card. */
function surroundings(display: string, folder: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    DISPLAY: display,
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    DBUS_SYSTEM_BUS_ADDRESS: 'disabled:',
    GDK_BACKEND: 'x11',
    GSETTINGS_BACKEND: 'memory',
    LIBGL_ALWAYS_SOFTWARE: '1',
    NO_AT_BRIDGE: '1',
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function stop(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null) return;
  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  await ended;
}
