import type { Answer, Choice } from '../gate/config.js';
import type { Action, Notice } from '../gate/notice.js';
import { element } from '../panel/element.js';

/** What is shown of a record. */
export interface Recorded {
  readonly action: Action;
  readonly choice: Choice;
  /** Unix ms. */
  readonly created_at: number;
}

/** Few browsers know these; who speaks them reads the other sooner than whatever the browser would take instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  eu: 'es',
  ga: 'en',
  gl: 'es',
  is: 'en',
  mt: 'en',
  nn: 'nb',
  se: 'nb',
};

export function when(time: number, language: string): string {
  const locales = [language, INSTEAD[language] ?? language];
  return new Intl.DateTimeFormat(locales, { dateStyle: 'long', timeStyle: 'short' }).format(time);
}

/** One earlier answer: when, what it was to the one before it, and what it allowed. */
export function past({ texts, language, purposes }: Notice, { action, choice, created_at }: Recorded): HTMLLIElement {
  const names = new Map<string, string>();
  for (const { id, name } of [...purposes, ...purposes.flatMap(({ services }) => services)]) names.set(id, name);
  // What this notice has no more keeps its id.
  for (const id of Object.keys(choice)) if (!names.has(id)) names.set(id, id);
  const line = (answer: Answer, text: string) => {
    const meant = [...names].filter(([id]) => choice[id] === answer).map(([, name]) => name);
    return meant.length ? [element('p', {}, `${text}: ${meant.join(', ')}`)] : [];
  };
  const time = element('time', { datetime: new Date(created_at).toISOString() }, when(created_at, language));
  return element(
    'li',
    {},
    element('p', {}, time, ' · ', element('strong', {}, texts[`action_${action}`])),
    ...line('granted', texts.allowed),
    ...line('denied', texts.not_allowed),
  );
}
