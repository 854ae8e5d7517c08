// Every operation of the description, asked a few hundred times in ways that nobody would think of: what fits the description is taken,
// what does not is refused, and every answer is one that is described. schemathesis.toml says what is left out, and why.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { narrowed } from './narrowed.js';
import { type Engine, HERE, REPOSITORY, Service } from './service.js';

const EXAMPLES = process.env.API_EXAMPLES ?? '300';
const PROGRAM = join(REPOSITORY, 'target/api/bin/schemathesis');

// Each keeps one processor busy.
describe('every operation keeps to the description', { concurrency: 2 }, () => {
  for (const engine of ['SQLite', 'PostgreSQL'] as const) test(`on ${engine}`, (t) => held(t, engine));
});

async function held(t: TestContext, engine: Engine): Promise<void> {
  const service = await Service.begin(engine);
  t.after(() => service.end());
  const { record, capability } = await service.answer();
  const other = (await service.answer()).record;
  await service.sealed(2);

  const described = await (await fetch(`${service.url}/openapi.json`)).json();
  const operations = Object.values<object>(described.paths).flatMap(Object.keys).length;
  const file = join(service.folder, 'openapi.json');
  const banner = await fetch(`${service.url}/v1/sites/shop/banner.js`, { headers: { 'Accept-Encoding': 'identity' } });
  const script = banner.headers.get('etag')?.replaceAll('"', '') ?? '';
  const panel = /panel:"([0-9a-f]+)"/.exec(await banner.text())?.[1] ?? '';
  const staying = { visitor: other.visitor, consent: other.id };
  const known = { answer: record.id, staying, script, panel, login: await service.login() };
  await writeFile(file, JSON.stringify(narrowed(described, known)));

  const report = join(service.folder, 'report.xml');
  const words = ['--config-file', join(HERE, 'schemathesis.toml'), 'run', file, '--url', service.url];
  words.push('--checks', 'all', '--max-examples', EXAMPLES, '--seed', '1', '--continue-on-failure');
  words.push('--generation-database', 'none', '--no-color', '--report', 'junit', '--report-junit-path', report);
  const env = { ...process.env, TOKEN: service.token, CAPABILITY: capability, SECRET: service.secret };
  const [status, told] = await said(words, env, service.folder);

  const results = cases(await readFile(report, 'utf8'));
  for (const [name, result] of results) {
    await t.test(name, () => assert.equal(result, '', `${name} does not keep to the description`));
  }
  assert.equal(status, 0, told);
  assert.ok(results.length >= operations, `${results.length} of ${operations} operations were tried\n${told}`);
}

/** Runs it, and gives its status and what it said. */
function said(words: string[], env: NodeJS.ProcessEnv, cwd: string): Promise<[number | null, string]> {
  return new Promise((done, failed) => {
    const made = spawn(PROGRAM, words, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let told = '';
    for (const stream of [made.stdout, made.stderr]) stream.on('data', (part) => (told += part));
    made.once('error', failed);
    made.once('close', (status) => done([status, told]));
  });
}

/** Every case of a JUnit report, with what went wrong in it. */
function cases(report: string): [string, string][] {
  const found = report.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g);
  return [...found].map(([, name = '', inner = '']) => [name, /<(?:failure|error)\b[\s\S]*/.exec(inner)?.[0] ?? '']);
}
