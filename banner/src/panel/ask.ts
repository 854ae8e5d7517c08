// Fetches the notice: once, and until it comes.

import type { Gate, Notice } from '../gate/notice.js';

let coming: Promise<Notice> | undefined;

/** `first`: asked for while this module was on its way. */
export function noticeOf({ config, base }: Gate, first?: Promise<Response>): Promise<Notice> {
  coming ??= insist(() => fetch(`${base}/v1/sites/${config.site}/notice?lang=${document.documentElement.lang}`), first);
  return coming;
}

async function insist(fetchAgain: () => Promise<Response>, first?: Promise<Response>): Promise<Notice> {
  for (let answer = first; ; answer = undefined) {
    try {
      const came = await (answer ?? fetchAgain());
      if (!came.ok) throw new Error(came.statusText);
      return await came.json();
    } catch (error) {
      if (answer) console.warn('samtykke', error);
      await new Promise((done) => addEventListener('online', done, { once: true }));
    }
  }
}
