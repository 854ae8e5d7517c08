// Brings consents to the service: in order, one at a time, kept until answered.

import type { Receipt } from '../gate/api.js';
import type { Stored } from '../gate/cookie.js';

/** Recorded, already known otherwise, or not acceptable. */
export type Outcome = Receipt | 'known' | 'refused';

const FIRST_WAIT_MS = 2e3;
const LONGEST_WAIT_MS = 3e5;
const DAY_MS = 864e5;

export interface Sender {
  send(stored: Stored): void;
  /** Forgets what waits. */
  drop(): void;
  /** Tries again now. */
  retry(): void;
}

export function sender(
  post: (body: string, signal: AbortSignal, stored: Stored) => Promise<Response>,
  settle: (stored: Stored, outcome: Outcome) => void,
  later: (run: () => void, ms: number) => void,
): Sender {
  const waiting: Stored[] = [];
  let sending = false;
  let wait = FIRST_WAIT_MS;
  let asking = new AbortController();

  async function retry() {
    if (sending) return;
    sending = true;
    for (let next = waiting[0]; next; next = waiting[0]) {
      asking = new AbortController();
      const outcome = await attempt(next);
      if (asking.signal.aborted) continue;
      if (typeof outcome === 'number') {
        later(retry, Math.min(Math.max(outcome, wait), DAY_MS));
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        break;
      }
      wait = FIRST_WAIT_MS;
      waiting.shift();
      settle(next, outcome);
    }
    sending = false;
  }

  /** The outcome, or the ms that the service asks to wait, 0 when it does not say. */
  async function attempt(stored: Stored): Promise<Outcome | number> {
    try {
      const answer = await post(bodyOf(stored), asking.signal, stored);
      const { status } = answer;
      if (status < 300) return await answer.json();
      if (status === 409) return 'known';
      if (status < 500 && status !== 429) return 'refused';
      return Number(answer.headers.get('retry-after')) * 1e3 || 0;
    } catch {
      return 0;
    }
  }

  return {
    send(stored) {
      waiting.push(stored);
      retry();
    },
    drop() {
      waiting.length = 0;
      asking.abort();
    },
    retry,
  };
}

export function bodyOf({ notice, visitor, id, choice, pending, session }: Stored): string {
  const [method, shown = '', previous, ...page] = pending.split('.');
  const [language, variant] = shown.split('~');
  return JSON.stringify({
    notice,
    ...(session ? { session } : { visitor, previous: previous || undefined }),
    id,
    choice,
    method,
    // Missing when no notice was shown: a script answered.
    language: language || undefined,
    variant,
    page: page.join('.'),
  });
}
