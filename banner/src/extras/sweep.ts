// For somebody who said no to everything: looks whether a cookie of the site's services is there all the same, and has it
// deleted.

import type { Gate } from '../gate/notice.js';

/** `names`: the beginnings of their names, as a regular expression. */
export function start({ choice, call, jar }: Gate, names: string): void {
  const answers = Object.values(choice() ?? { none: 'granted' });
  if (!answers.includes('granted') && RegExp(`\\b(${names})`).test(jar)) call('resume');
}
