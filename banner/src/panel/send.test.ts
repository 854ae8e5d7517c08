import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stored } from '../gate/cookie.js';
import { type Outcome, sender } from './send.js';

const receipt = { record: {}, jws: 'x.y.z', capability: 'c' };

/** A service that gives these answers one after the other; a string breaks the connection. */
function service(...answers: (Response | string)[]) {
  const posted: string[] = [];
  const settled: [string, Outcome][] = [];
  const waits: number[] = [];
  let again = () => {};
  const { send, retry } = sender(
    async (body) => {
      posted.push(JSON.parse(body).id);
      const answer = answers.shift() ?? Response.json(receipt, { status: 201 });
      if (typeof answer === 'string') throw new TypeError(answer);
      return answer;
    },
    (stored, outcome) => settled.push([stored.id, outcome]),
    (run, ms) => {
      waits.push(ms);
      again = run;
    },
  );
  const quiet = () => new Promise((done) => setImmediate(done));
  return {
    posted,
    settled,
    waits,
    send: (id: string) => {
      send({
        notice: 1,
        visitor: 'v',
        id,
        chosenAt: 1,
        days: 1,
        choice: {},
        pending: 'save...',
        control: false,
        told: '',
      } satisfies Stored);
      return quiet();
    },
    waitOver: () => {
      again();
      return quiet();
    },
    online: () => {
      retry();
      return quiet();
    },
  };
}

const status = (code: number, headers = {}) => new Response('{}', { status: code, headers });

test('a recorded consent settles with its receipt', async () => {
  for (const code of [200, 201]) {
    const { send, settled } = service(Response.json(receipt, { status: code }));
    await send('a');
    assert.deepEqual(settled, [['a', receipt]]);
  }
});

test('a consent leaves before the click is over', () => {
  const { send, posted } = service();
  send('a');
  assert.deepEqual(posted, ['a']);
});

test('what is not answered is sent again after growing waits', async () => {
  const { send, waitOver, waits, posted, settled } = service('offline', status(503), status(429), '201 but cut short');
  await send('a');
  for (let i = 0; i < 4; i++) await waitOver();
  assert.deepEqual(posted, ['a', 'a', 'a', 'a', 'a']);
  assert.deepEqual(waits, [2000, 4000, 8000, 16000]);
  assert.deepEqual(settled, [['a', receipt]]);
});

test('waits end at five minutes', async () => {
  const { send, waitOver, waits } = service(...Array(12).fill('offline'));
  await send('a');
  for (let i = 0; i < 11; i++) await waitOver();
  assert.equal(Math.max(...waits), 300_000);
});

test('the service may ask for a longer wait, never for a shorter one', async () => {
  const asked = (seconds: string) => status(503, { 'retry-after': seconds });
  const { send, waitOver, waits } = service(asked('60'), asked('-5'), asked('soon'), asked('99999999999'));
  await send('a');
  for (let i = 0; i < 3; i++) await waitOver();
  assert.deepEqual(waits, [60_000, 4000, 8000, 86_400_000]);
});

test('what the service will never take is given up', async () => {
  const { send, settled, waits } = service(status(409), status(400), status(403), status(413));
  for (const id of ['a', 'b', 'c', 'd']) await send(id);
  assert.deepEqual(settled, [
    ['a', 'known'],
    ['b', 'refused'],
    ['c', 'refused'],
    ['d', 'refused'],
  ]);
  assert.deepEqual(waits, []);
});

test('what is dropped is sent no more, not even what was on its way', async () => {
  const posted: string[] = [];
  const { send, drop, retry } = sender(
    (body, signal) => {
      posted.push(JSON.parse(body).id);
      return new Promise((_, failed) => signal.addEventListener('abort', () => failed(signal.reason)));
    },
    () => assert.fail('nothing settles'),
    () => assert.fail('nothing waits'),
  );
  const stored = (id: string) => ({
    notice: 1,
    visitor: 'v',
    id,
    chosenAt: 1,
    days: 1,
    choice: {},
    pending: 'save...',
    control: false,
    told: '',
  });
  send(stored('yes'));
  send(stored('no'));
  drop();
  await new Promise((done) => setImmediate(done));
  retry();
  assert.deepEqual(posted, ['yes']);
});

test('answers arrive in the order they were given', async () => {
  const { send, online, posted, settled } = service('offline', 'offline');
  await send('yes');
  await send('no');
  await online();
  assert.deepEqual(posted, ['yes', 'yes', 'yes', 'no']);
  assert.deepEqual(
    settled.map(([id]) => id),
    ['yes', 'no'],
  );
});
