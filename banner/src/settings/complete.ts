import type { Answer, Choice } from '../gate/config.js';
import type { Gate } from '../gate/notice.js';
import { all } from '../panel/choice.js';

/**
 * Makes a choice complete: what `given` leaves out keeps its present answer, or is denied. Services stand in it where they were
 * given an answer of their own.
 * @throws TypeError for an unknown name or answer.
 */
export function complete(
  { config: { purposes }, purposeOf, choice }: Pick<Gate, 'config' | 'purposeOf' | 'choice'>,
  given: Readonly<Record<string, Answer>>,
): Choice {
  const isKnown = (name: string) => purposes.includes(purposeOf(name));
  for (const [name, answer] of Object.entries(given)) {
    if (!isKnown(name) || !/^(granted|denied)$/.test(answer)) {
      throw new TypeError(`samtykke: "${name}" cannot be "${answer}"`);
    }
  }
  const kept = Object.entries(choice() ?? {}).filter(([name]) => isKnown(name));
  return { ...all(purposes, 'denied'), ...Object.fromEntries(kept), ...given };
}
