// For somebody who has answered: tells of a change of the policy that is to come, until they have taken note.

import type { Gate } from '../gate/notice.js';

/** `day`: when it takes effect, in days since 1970. */
export function start({ choice, stored, call, held }: Gate, day: number): void {
  // Nothing remembers of somebody who is logged in whether they were told.
  if (!held && choice() && Date.now() < day * 864e5 && stored?.told !== `${day}`) call('announce');
}
