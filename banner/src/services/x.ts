// X's pixel knows no consent: it is not loaded without a yes, and only a new page is rid of it.

import { type About, LOWER, type Start } from './service.js';

declare global {
  interface Window {
    twq?: Twq;
  }
}

interface Twq {
  (...command: unknown[]): void;
  exe?: (...command: unknown[]) => void;
  version: string;
  queue: unknown[];
}

interface X {
  readonly key: string;
}

export const start: Start<X> = ({ key }, { load }) => {
  const stub = ((...command) => {
    stub.exe ? stub.exe(...command) : stub.queue.push(command);
  }) as Twq;
  window.twq ||= Object.assign(stub, { version: '1.1', queue: [] });
  window.twq('config', key);
  load('https://static.ads-twitter.com/uwt.js');
  return () => {};
};

export const kinds: Record<string, About> = {
  x: {
    name: 'X Pixel',
    vendor: 'X Internet Unlimited Company',
    country: 'US',
    policy: 'https://x.com/en/privacy',
    purpose: 'advertising',
    key: { prefix: '', characters: LOWER, example: 'o1abc' },
    cookies: [
      { name: '_twclid', days: 30 },
      { name: '_twpid', days: 395 },
      { name: 'personalization_id', days: 730, domain: 'twitter.com' },
      { name: 'guest_id*', days: 730, domain: 'twitter.com' },
      { name: 'muc_ads', days: 730, domain: 't.co' },
    ],
    storage: ['_twclid', '_twpid'],
    reload: true,
    hosts: ['static.ads-twitter.com', 'analytics.twitter.com', 't.co'],
  },
};
