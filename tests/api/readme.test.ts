// What the README says to type is typed, as it stands there, and does what it says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { REPOSITORY, Service } from './service.js';

const run = promisify(execFile);
const SECTION = '### Ask before you speak';
const PLACE = 'https://consent.example.no';
/** As curl is told to add it after an answer's body. */
const STATUS = '\nstatus %{http_code}\n';

test('every line of "Ask before you speak" does what it says', async (t) => {
  const service = await Service.begin();
  t.after(() => service.end());
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
  const [, section = ''] = readme.split(SECTION);
  const [own = ''] = section.split(/^#{2,3} /m);
  const blocks = [...own.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const steps = blocks.flatMap((block) => commands(block));
  const calls = steps.filter((step) => step.startsWith('curl')).length;
  assert.ok(calls >= 5, `${calls} calls`);

  // One shell for all of it: a line may need what one before it has set. Whoever is asked about first is known by then.
  const known = `${service.url}/v1/sites/shop/people/kari@example.no/consents`;
  const yes = JSON.stringify({ channel: 'email', answer: 'granted', source: 'kasse' });
  const headers = { Authorization: `Bearer ${service.token}` };
  assert.equal((await fetch(known, { method: 'POST', headers, body: yes })).status, 201);
  const script = ['set -euo pipefail', `curl() { command curl -sS -w '${STATUS}' "$@"; }`];
  // A token that is revoked opens nothing: that comes last here, wherever it stands.
  const last = steps.filter((step) => step.includes('token revoke'));
  script.push(...steps.filter((step) => !last.includes(step)), ...last);
  const shell = script.join('\n').replaceAll(PLACE, service.url);
  const { stdout } = await run('bash', ['-c', shell], { env: service.shell, cwd: service.folder });
  const statuses = [...stdout.matchAll(/^status (\d+)$/gm)].map(([, status]) => Number(status));
  assert.equal(statuses.length, calls, stdout);
  for (const [i, status] of statuses.entries()) {
    await t.test(`call ${i + 1}`, () => assert.ok(status === 200 || status === 201, `${status}\n${stdout}`));
  }
  assert.match(stdout, /"email":\{"allowed":true/);
  assert.match(stdout, /"erased":[1-9]/);
});

/** The commands of a block, each with the lines that it goes on in, without what is said about them. */
function commands(block: string): string[] {
  const lines = block.replaceAll('\\\n', ' ').split('\n');
  return lines.map((line) => line.replace(/(^| {2,})#.*$/, '').trim()).filter((line) => line !== '');
}
