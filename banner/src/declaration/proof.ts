// What the service keeps of the visitor. It is asked only when the visitor wants to know: the cookie proves who that is, and the
// receipt that it opens carries the capability for the rest.

import type { Receipt } from '../gate/api.js';
import type { Stored } from '../gate/cookie.js';
import type { Gate } from '../gate/notice.js';
import type { Recorded } from './history.js';

const LONGEST_WAIT_MS = 3e4;

/** The receipt as the service wrote it, since its record is signed byte for byte; null where the service has none. */
export async function receiptAt(gate: Gate, { visitor, id }: Stored): Promise<string | null> {
  const body = JSON.stringify({ visitor, consent: id });
  const answer = await ask(gate, 'receipts', { method: 'POST', body });
  return answer.status === 404 ? null : (await passed(answer)).text();
}

/** Every answer, oldest first. */
export async function historyAt(gate: Gate, stored: Stored): Promise<{ record: Recorded }[]> {
  const receipt = await receiptAt(gate, stored);
  if (!receipt) throw new Error('no receipt');
  const { consents } = await (await passed(await me(gate, 'GET', receipt))).json();
  return consents;
}

/** Has the service delete every answer. */
export async function eraseAt(gate: Gate, stored: Stored): Promise<void> {
  const receipt = await receiptAt(gate, stored);
  if (receipt) await passed(await me(gate, 'DELETE', receipt));
  // Not there yet, unlike what is there no more.
  else if (stored.pending) throw new Error('not recorded yet');
}

function me(gate: Gate, method: string, receipt: string): Promise<Response> {
  const { capability } = JSON.parse(receipt) as Receipt;
  return ask(gate, 'visitors/me', { method, headers: { Authorization: `Bearer ${capability}` } });
}

async function ask({ base, config }: Gate, path: string, request: RequestInit): Promise<Response> {
  const { signal, abort } = stopwatch();
  try {
    return await fetch(`${base}/v1/sites/${config.site}/${path}`, { ...request, signal });
  } finally {
    clearTimeout(abort);
  }
}

function stopwatch() {
  const stop = new AbortController();
  return { signal: stop.signal, abort: setTimeout(() => stop.abort(), LONGEST_WAIT_MS) };
}

async function passed(answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(answer.statusText);
  return answer;
}
