// Microsoft Clarity. Denied, it goes on recording, without cookies, so it is stopped; it starts again with the next page.

import { type About, LOWER, type Start } from './service.js';

declare global {
  interface Window {
    clarity?: Clarity;
  }
}

interface Clarity {
  (...command: unknown[]): void;
  q?: unknown[];
}

interface Project {
  readonly purpose: string;
  readonly key: string;
}

export const start: Start<Project> = ({ purpose, key }, { load }, granted) => {
  const queued: Clarity = (...command) => {
    queued.q ||= [];
    queued.q.push(command);
  };
  window.clarity ||= queued;

  function tell(granted: boolean) {
    const answer = (yes: boolean) => (yes ? 'granted' : 'denied');
    // A yes to measuring is none to advertising.
    const ad_Storage = answer(granted && purpose === 'advertising');
    window.clarity?.('consentv2', { ad_Storage, analytics_Storage: answer(granted) });
    if (!granted) window.clarity?.('stop');
  }

  tell(granted);
  load(`https://www.clarity.ms/tag/${key}`);
  return tell;
};

export const kinds: Record<string, About> = {
  clarity: {
    name: 'Microsoft Clarity',
    vendor: 'Microsoft Ireland Operations Ltd',
    country: 'US',
    policy: 'https://www.microsoft.com/privacy/privacystatement',
    purpose: 'analytics',
    key: { prefix: '', characters: LOWER, example: 'abcdefghij' },
    cookies: [
      { name: '_clck', days: 365 },
      { name: '_clsk', days: 1 },
      { name: 'CLID', days: 365, domain: 'clarity.ms' },
      { name: 'MUID', days: 390, domain: 'clarity.ms' },
    ],
    storage: ['_cltk', '_clck', '_clsk'],
    hosts: ['clarity.ms'],
  },
};
