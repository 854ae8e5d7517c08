// The service itself, with a site of six services, in a folder that is thrown away.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { site } from './contenders.mjs';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const BINARY = resolve(REPOSITORY, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/samtykke');

export async function startSamtykke(origin) {
  const folder = await mkdtemp(join(tmpdir(), 'samtykke-bench-'));
  const file = join(folder, 'site.toml');
  await writeFile(file, site(origin));
  const settings = ['--data-dir', folder, '--log', 'error'];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SAMTYKKE_|DATABASE_URL$)/.test(name)),
  );
  execFileSync(BINARY, ['site', 'apply', file, ...settings], { env, stdio: 'pipe' });
  const running = spawn(BINARY, ['serve', '--listen', '127.0.0.1:0', '--rate-per-minute', '0', ...settings], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => running.once('exit', done));
  const port = await new Promise((found, failed) => {
    running.once('error', failed);
    ended.then((code) => failed(new Error(`the service ended with ${code} before it listened`)));
    createInterface(running.stdout).on('line', (line) => {
      const port = /listens on http:\/\/[\d.]+:(\d+)/.exec(line)?.[1];
      if (port) found(Number(port));
    });
  });
  return {
    port,
    async stop() {
      running.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
