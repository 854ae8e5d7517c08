// A client whose types are generated from the description compiles, and goes one way from a question to being forgotten.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { HERE, Service, v7 } from './service.js';

const run = promisify(execFile);

test('a generated client compiles and does its work', async (t) => {
  const service = await Service.begin();
  t.after(() => service.end());
  // Beside its node_modules, where the compiler and the program find what it imports.
  const folder = join(HERE, 'build');
  await rm(folder, { recursive: true, force: true });
  await cp(join(HERE, 'client'), folder, { recursive: true });
  const described = join(folder, 'openapi.json');
  await writeFile(described, await (await fetch(`${service.url}/openapi.json`)).text());
  const program = (name: string) => join(HERE, 'node_modules/.bin', name);
  await run(program('openapi-typescript'), [described, '--output', join(folder, 'described.ts')]);
  await run(program('tsc'), ['--project', folder]).catch((e) => assert.fail(e.stdout));

  const { journey } = await import(pathToFileURL(join(folder, 'journey.js')).href);
  const id = v7();
  assert.deepEqual(await journey(service.url, service.token, 'kari@example.no', id), {
    before: 'never_asked',
    written: 201,
    again: [200, true],
    allowed: [true, id],
    withdrawn: 'withdrawn',
    shown: [2, 'withdrawn'],
    forgotten: 2,
    gone: '/problems/unknown-person',
    foreign: '/problems/unknown-site',
  });
});
