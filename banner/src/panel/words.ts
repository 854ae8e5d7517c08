// Words that depend on numbers, names and the language.

import type { Announcement, Question } from '../gate/notice.js';

/** Puts the values into the `{places}` of a text. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}

/** Northern Sámi is in few browsers, which would use their own language instead. */
const known = (language: string) => (language === 'se' ? ['se', 'nb'] : language);

/** `2 years`, `6 months`, `30 days`, in the language. */
export function duration(days: number, language: string): string {
  const [count, unit] =
    days >= 365 && days % 365 === 0
      ? [days / 365, 'year']
      : days >= 60
        ? [Math.round(days / 30.44), 'month']
        : [days, 'day'];
  return new Intl.NumberFormat(known(language), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** What changes, and when. */
export function announced({ texts, language }: Question, { date, text }: Announcement): string {
  const day = new Intl.DateTimeFormat(known(language), { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
  return `${fill(texts.announced, { date: day })} ${text}`;
}

/** `a, b and c`. */
export function list(names: readonly string[], language: string): string {
  return new Intl.ListFormat(known(language)).format(names);
}

/** The name of a country from its ISO 3166-1 code; what is no code stays as it is. */
export function country(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames(known(language), { type: 'region' }).of(code) ?? code;
}

export function directionOf(language: string): 'ltr' | 'rtl' {
  return /^(ar|he)/.test(language) ? 'rtl' : 'ltr';
}
