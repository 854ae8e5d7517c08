// The description is OpenAPI 3.1, and its examples are what they say.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { HERE, REPOSITORY, Service } from './service.js';

const PYTHON = join(REPOSITORY, 'target/api/bin');
const run = promisify(execFile);

test('the description is OpenAPI, and its examples fit it', async (t) => {
  const service = await Service.begin();
  t.after(() => service.end());
  const file = join(service.folder, 'openapi.json');
  await writeFile(file, await (await fetch(`${service.url}/openapi.json`)).text());
  await t.test('openapi-spec-validator has nothing to say', async () => {
    await run(join(PYTHON, 'openapi-spec-validator'), ['--schema', '3.1', file]);
  });
  await t.test('every example fits its schema', async () => {
    await run(join(PYTHON, 'python'), [join(HERE, 'examples.py'), file]);
  });
});
