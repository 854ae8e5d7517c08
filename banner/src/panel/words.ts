// Words that depend on numbers, names and the language.

/** Puts the values into the `{places}` of a text. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}

/** `2 years`, `6 months`, `30 days`, in the language. */
export function duration(days: number, language: string): string {
  const [count, unit] =
    days >= 365 && days % 365 === 0
      ? [days / 365, 'year']
      : days >= 60
        ? [Math.round(days / 30.44), 'month']
        : [days, 'day'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** The name of a country from its ISO 3166-1 code; what is no code stays as it is. */
export function country(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code;
}
