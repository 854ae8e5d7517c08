// The choice cookie, the only thing that is kept on a visitor's device:
// 1.<notice>.<visitor>.<consent>.<time>.<purpose>:1|<purpose>:0.<pending>
// Pending is empty once the consent is recorded; until then it is <method>.<language>.<previous>.<page>, so that a later
// page can send the same consent again.

import type { Choice, Config, Method } from './config.js';

/** A consent as the service takes it, and when it was given. */
export interface Stored {
  readonly notice: number;
  readonly visitor: string;
  readonly id: string;
  readonly chosenAt: number;
  readonly choice: Choice;
  /** This and the following are there until the consent is recorded. */
  readonly method?: Method | undefined;
  /** Missing when no notice was shown: a script answered. */
  readonly language?: string | undefined;
  /** The consent before this one. */
  readonly previous?: string | undefined;
  readonly page?: string | undefined;
}

const SHAPE = /^1\.\d+(\.[\da-f-]{36}){2}\.\w+\.[\w:|-]*\./;
type Parts = [version: string, notice: string, visitor: string, id: string, time: string, answers: string, ...string[]];

export function format({ notice, visitor, id, chosenAt, choice, method, language, previous, page }: Stored): string {
  const answers = Object.entries(choice).map(([purpose, answer]) => `${purpose}:${+(answer === 'granted')}`);
  const pending = method ? [method, language, previous, page].join('.') : '';
  return [1, notice, visitor, id, chosenAt.toString(36), answers.join('|'), pending].join('.');
}

/** Null for what cannot be read; what is damaged inside is denied, or refused by the service. */
export function parse(value: string): Stored | null {
  if (!SHAPE.test(value)) return null;
  const [, notice, visitor, id, time, answers, method, language, previous, ...page] = value.split('.') as Parts;
  const pairs = Array.from(answers.matchAll(/([\w-]+):([01])/g), ([, purpose, bit]) => [
    purpose,
    bit === '1' ? 'granted' : 'denied',
  ]);
  return {
    notice: +notice,
    visitor,
    id,
    chosenAt: Number.parseInt(time, 36),
    choice: Object.freeze(Object.fromEntries(pairs)),
    method: (method as Method) || undefined,
    language: language || undefined,
    previous: previous || undefined,
    page: page.join('.'),
  };
}

/** Whether an answer still holds; otherwise the visitor is asked again, and nothing is granted. */
export function holds(
  { notice, chosenAt, choice }: Stored,
  { asksSince, days, purposes }: Config,
  now: number,
): boolean {
  return notice >= asksSince && now - chosenAt < days * 864e5 && purposes.every((purpose) => choice[purpose]);
}

/** The path alone, in the letters that a cookie may hold, so that a second sending says the same as the first. */
export function pageOf(path: string): string {
  return path.replace(/[^!#-+\--:<-[\]-~]/g, encodeURIComponent).slice(0, 300);
}

// A page may be forbidden to have cookies: reading then finds none, and writing is lost, so the choice holds for the page.

export function read(site: string): Stored | null {
  try {
    const name = `samtykke_${site}=`;
    const pair = document.cookie.split('; ').find((pair) => pair.startsWith(name));
    return pair ? parse(pair.slice(name.length)) : null;
  } catch {
    return null;
  }
}

/** Null forgets. */
export function write({ site, days }: Config, stored: Stored | null): void {
  try {
    const seconds = stored ? days * 86400 + Math.ceil((stored.chosenAt - Date.now()) / 1e3) : 0;
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API answers later, and the page may be left at once
    document.cookie = `samtykke_${site}=${stored ? format(stored) : ''}; Path=/; SameSite=Lax; Max-Age=${seconds}${secure}`;
  } catch {}
}
