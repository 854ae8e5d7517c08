// What the service says of lifetimes, days, countries and lists, in every language: Node knows them all, which no browser does. The
// build writes it down, and server/words.rs reads it.

/** `2 years`, `6 months`, `30 days`, in the language: the rule of server/words.rs. */
export function duration(days: number, language: string): string {
  const [count, unit] =
    days >= 365 && (days % 365 === 0 || days > 1826)
      ? [Math.round(days / 365), 'year']
      : days >= 60
        ? [Math.round(days / 30.44), 'month']
        : [days, 'day'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

export function wordsOf(language: string) {
  if (!Intl.NumberFormat.supportedLocalesOf(language).length) throw new Error(`Node does not know ${language}`);
  const told = (days: number) => duration(days, language);
  return {
    language: new Intl.DisplayNames(language, { type: 'language' }).of(language),
    days: range(1, 59).map(told),
    months: range(2, 60).map((months) => told(inDays(months))),
    years: range(1, 100).map((years) => told(years * 365)),
    dates: range(0, 11).map((month) => dateIn(month, language)),
    list: connectors(language),
    countries: countriesIn(language),
  };
}

/** A day of a month, with places for the day and the year. */
function dateIn(month: number, language: string): string {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC', numberingSystem: 'latn' });
  const parts = format.formatToParts(Date.UTC(2027, month, 22));
  return parts.map(({ type, value }) => (type === 'day' || type === 'year' ? `{${type}}` : value)).join('');
}

/** What stands between two of many, before the last of many, and between two alone. */
function connectors(language: string): string[] {
  const between = (names: string[]) =>
    new Intl.ListFormat(language)
      .formatToParts(names)
      .flatMap(({ type, value }) => (type === 'literal' ? [value] : []));
  const many = between(['a', 'b', 'c', 'd']);
  return [many[0] ?? '', many.at(-1) ?? '', between(['a', 'b'])[0] ?? ''];
}

/** ISO 3166-1 code → name. */
function countriesIn(language: string): Record<string, string> {
  const letters = range(65, 90).map((code) => String.fromCharCode(code));
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  const names = new Intl.DisplayNames(language, { type: 'region' });
  const named = codes.map((code) => [code, names.of(code) ?? code]);
  return Object.fromEntries(named.filter(([code, name]) => name !== code));
}

/** So many months, and not a whole number of years. */
function inDays(months: number): number {
  const days = Math.round(months * 30.44);
  return days % 365 ? days : days + 1;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
