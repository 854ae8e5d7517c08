// Hotjar knows no consent: it is not loaded without a yes, and only a new page is rid of it.

import { type About, DIGITS, type Start } from './service.js';

declare global {
  interface Window {
    hj?: Hj;
    _hjSettings?: { hjid: number; hjsv: number };
  }
}

interface Hj {
  (...command: unknown[]): void;
  q?: unknown[];
}

interface Hotjar {
  readonly key: string;
}

export const start: Start<Hotjar> = ({ key }, { load }) => {
  const queued: Hj = (...command) => {
    queued.q ||= [];
    queued.q.push(command);
  };
  window.hj ||= queued;
  window._hjSettings = { hjid: +key, hjsv: 6 };
  load(`https://static.hotjar.com/c/hotjar-${key}.js?sv=6`);
  return () => {};
};

export const kinds: Record<string, About> = {
  hotjar: {
    name: 'Hotjar',
    vendor: 'Hotjar Ltd',
    country: 'IE',
    policy: 'https://www.hotjar.com/legal/policies/privacy/',
    purpose: 'analytics',
    key: { prefix: '', characters: DIGITS, example: '1234567' },
    cookies: [
      { name: '_hjSessionUser_*', days: 365 },
      { name: '_hjSession_*', days: 1 },
      { name: '_hj*', days: 365 },
    ],
    storage: ['_hj*', 'hjViewportId', 'hjActiveViewportIds'],
    reload: true,
    hosts: ['hotjar.com', 'hotjar.io'],
  },
};
