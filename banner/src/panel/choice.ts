import type { Answer, Choice } from '../gate/config.js';

/** One answer to every purpose. */
export function all(purposes: readonly string[], answer: Answer): Choice {
  return Object.fromEntries(purposes.map((purpose) => [purpose, answer]));
}

/**
 * Makes a choice complete: what `given` leaves out keeps its present answer, or is denied. Services stand in it where they were
 * given an answer of their own.
 * @throws TypeError for an unknown name or answer.
 */
export function complete(
  purposes: readonly string[],
  purposeOf: (name: string) => string,
  given: Readonly<Record<string, Answer>>,
  present: Choice | null,
): Choice {
  const isKnown = (name: string) => purposes.includes(purposeOf(name));
  for (const [name, answer] of Object.entries(given)) {
    if (!isKnown(name) || !/^(granted|denied)$/.test(answer)) {
      throw new TypeError(`samtykke: "${name}" cannot be "${answer}"`);
    }
  }
  const kept = Object.entries(present ?? {}).filter(([name]) => isKnown(name));
  return { ...all(purposes, 'denied'), ...Object.fromEntries(kept), ...given };
}
