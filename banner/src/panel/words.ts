// Words that depend on numbers, names and the language.

/** Puts the values into the `{places}` of a text. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}

/**
 * `2 years`, `6 months`, `30 days`, in the language. The service has the same rule for its own pages in server/words.rs, and the
 * build gives it the words from here.
 */
export function duration(days: number, language: string): string {
  const [count, unit] =
    days >= 365 && (days % 365 === 0 || days > 1826)
      ? [Math.round(days / 365), 'year']
      : days >= 60
        ? [Math.round(days / 30.44), 'month']
        : [days, 'day'];
  return new Intl.NumberFormat(locales(language), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** The name of a country from its ISO 3166-1 code; what is no code stays as it is. */
export function country(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames(locales(language), { type: 'region' }).of(code) ?? code;
}

/** Chromium does not know these (2026); who speaks them reads the other sooner than whatever the browser would take instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  eu: 'es',
  ga: 'en',
  gl: 'es',
  is: 'en',
  mt: 'en',
  nn: 'nb',
  se: 'nb',
};

function locales(language: string): string[] {
  return [language, INSTEAD[language] ?? language];
}
