// What the browser says before anybody asks: Global Privacy Control and Do Not Track.

import type { Notice } from '../gate/notice.js';

declare global {
  interface Navigator {
    /** Missing where the browser knows no such signal (W3C, Global Privacy Control, 3.2). */
    readonly globalPrivacyControl?: boolean;
  }
}

/** The signal that is an answer here, if there is one: a refusal of everything that is not necessary. */
export function answerOf(
  { gpc, dnt, silence }: Pick<Notice, 'gpc' | 'dnt' | 'silence'>,
  { globalPrivacyControl, doNotTrack }: Pick<Navigator, 'globalPrivacyControl' | 'doNotTrack'>,
): 'gpc' | 'dnt' | null {
  // Where nothing runs in silence the signal changes nothing, and a visitor who has it may still be asked.
  const obeyed = gpc === 'binding' || (gpc === 'voluntary' && silence.length > 0);
  if (globalPrivacyControl && obeyed) return 'gpc';
  return dnt && doNotTrack === '1' ? 'dnt' : null;
}
