import type { Answer, Choice } from '../gate/config.js';

/** One answer to every purpose. */
export function all(purposes: readonly string[], answer: Answer): Choice {
  return Object.fromEntries(purposes.map((purpose) => [purpose, answer]));
}
