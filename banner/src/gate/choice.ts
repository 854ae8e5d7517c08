import type { Answer, Choice } from './config.js';

/** One answer to every purpose. */
export function all(purposes: readonly string[], answer: Answer): Choice {
  return Object.fromEntries(purposes.map((purpose) => [purpose, answer]));
}

/** Makes a choice complete: what `given` leaves out keeps its present answer, or is denied. */
export function complete(
  purposes: readonly string[],
  given: Readonly<Record<string, Answer>>,
  present: Choice | null,
): Choice {
  for (const [purpose, answer] of Object.entries(given)) {
    if (!purposes.includes(purpose) || !/^(granted|denied)$/.test(answer)) {
      throw new TypeError(`samtykke: "${purpose}" cannot be "${answer}"`);
    }
  }
  return Object.fromEntries(purposes.map((purpose) => [purpose, given[purpose] ?? present?.[purpose] ?? 'denied']));
}
