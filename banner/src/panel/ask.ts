// Fetches the notice: the question alone or the whole, each once, and until it comes.

import type { Gate, Notice, Question } from '../gate/notice.js';

let asked: Promise<Question | Notice> | undefined;
let whole: Promise<Notice> | undefined;

/** `first`: asked for while this module was on its way. */
export function questionOf(gate: Gate, first?: Promise<Response>): Promise<Question | Notice> {
  asked ??= insist(gate, 1, first);
  return asked;
}

export async function noticeOf(gate: Gate, first?: Promise<Response>): Promise<Notice> {
  const had = await (first ? questionOf(gate, first) : asked);
  if (had && isWhole(had)) return had;
  whole ??= insist(gate, 2, undefined, had?.variant) as Promise<Notice>;
  return whole;
}

export function isWhole(question: Question | Notice): question is Notice {
  return 'hash' in question;
}

async function insist(gate: Gate, layer: 1 | 2, first?: Promise<Response>, variant = ''): Promise<Question | Notice> {
  const { config, base } = gate;
  const { lang } = document.documentElement;
  const address = `${base}/v1/sites/${config.site}/notice?layer=${layer}&lang=${lang}${variant && `&variant=${variant}`}`;
  for (let answer = first; ; answer = undefined) {
    try {
      const came = await (answer ?? fetch(address));
      // The variant is no more.
      if (variant && came.status === 422) return insist(gate, layer);
      if (!came.ok) throw new Error(came.statusText);
      return await came.json();
    } catch (error) {
      if (answer) console.warn('samtykke', error);
      await new Promise((done) => addEventListener('online', done, { once: true }));
    }
  }
}
