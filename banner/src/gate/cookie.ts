// The choice cookie, the only thing that is kept on a visitor's device:
// 2.<notice>.<visitor>.<consent>.<time>.<days>.<name>:1|<name>:0.<pending>
// It begins with 2g where Global Privacy Control was on: an answer that was given without it is looked at again with it. Behind
// that, or behind 2-, stands the day of the latest change of the policy that the visitor was told of, in days since 1970.
// Pending is empty once the consent is recorded; until then it is <method>.<language>~<variant>.<previous>.<page>, so that a
// later page can send the same consent again. How it is written stands in ../panel/keep.ts.
// The service sets a copy under the same name and a dot, which browsers keep longer. It may come late, so the newest of them counts:
// ids of consents are in order of time.

import type { Choice, Config } from './config.js';

/** An answer as it is kept. */
export interface Stored {
  readonly notice: number;
  readonly visitor: string;
  readonly id: string;
  readonly chosenAt: number;
  /** How long it holds. */
  readonly days: number;
  readonly choice: Choice;
  readonly pending: string;
  /** Whether Global Privacy Control was on, or has been looked at since. */
  readonly control: boolean;
  /** The day of the latest change of the policy that the visitor was told of. */
  readonly told: string;
  /** What shows whose it is, of somebody who is logged in: then it is in no cookie. */
  readonly session?: string | undefined;
}

type Parts = [version: string, notice: string, visitor: string, id: string, time: string, days: string, ...string[]];

/** Null for what cannot be read; what is damaged inside does not hold, is denied, or is refused by the service. */
export function parse(value: string): Stored | null {
  const [version, notice, visitor, id, time, days, answers = '', ...pending] = value.split('.') as Parts;
  if (!/^2[-g]?\d*$/.test(version) || visitor?.length !== 36) return null;
  const pairs = answers.split('|').map((pair) => {
    const [name, bit] = pair.split(':');
    return [name, bit === '1' ? 'granted' : 'denied'];
  });
  return {
    notice: +notice,
    visitor,
    id,
    chosenAt: Number.parseInt(time, 36),
    days: +days,
    choice: Object.freeze(Object.fromEntries(pairs)),
    pending: pending.join('.'),
    control: version[1] === 'g',
    told: version.slice(2),
  };
}

/**
 * Whether an answer still holds; otherwise the visitor is asked again, and nothing is granted. One from the future was given
 * under another clock, and nobody can say when it ends.
 */
export function holds(
  { notice, chosenAt, days, choice }: Stored,
  { asksSince, purposes }: Config,
  now: number,
): boolean {
  const age = (now - chosenAt) / 864e5;
  return notice >= asksSince && age > -1 && age < days && purposes.every((purpose) => choice[purpose]);
}

/** All that the page may see: a page may be forbidden to have cookies, and then there are none. */
export function visible(): string {
  try {
    return document.cookie;
  } catch {
    return '';
  }
}

/** The newest of all that are there; of a copy and what it is a copy of, the latter, which may say more. */
export function read({ site }: Config, cookies: string): Stored | null {
  let newest: Stored | null = null;
  // A dot comes before the sign of equality.
  for (const pair of cookies.split('; ').sort()) {
    const found = parse(pair.replace(RegExp(`^samtykke_${site}\\.?=`), ''));
    if (found && (newest?.id ?? '') <= found.id) newest = found;
  }
  return newest;
}
