// Meta's pixel: told that consent is revoked before it knows its id, and only then that it is granted.

import { type About, DIGITS, type Start } from './service.js';

declare global {
  interface Window {
    fbq?: Fbq;
    _fbq?: Fbq;
  }
}

interface Fbq {
  (...command: unknown[]): void;
  callMethod?: (...command: unknown[]) => void;
  queue: unknown[];
  push: Fbq;
  loaded: boolean;
  version: string;
}

interface Meta {
  readonly key: string;
}

export const start: Start<Meta> = ({ key }, { load }, granted) => {
  const stub = ((...command) => {
    stub.callMethod ? stub.callMethod(...command) : stub.queue.push(command);
  }) as Fbq;
  window.fbq ||= window._fbq = Object.assign(stub, { push: stub, queue: [], loaded: true, version: '2.0' });
  const tell = (now: boolean) => window.fbq?.('consent', now ? 'grant' : 'revoke');
  tell(false);
  window.fbq('init', key);
  window.fbq('track', 'PageView');
  if (granted) tell(true);
  load('https://connect.facebook.net/en_US/fbevents.js');
  return tell;
};

export const kinds: Record<string, About> = {
  meta: {
    name: 'Meta Pixel',
    vendor: 'Meta Platforms Ireland Ltd',
    country: 'US',
    policy: 'https://www.facebook.com/privacy/policy/',
    purpose: 'advertising',
    key: { prefix: '', characters: DIGITS, example: '123456789012345' },
    cookies: [
      { name: '_fbp', days: 90 },
      { name: '_fbc', days: 90 },
      { name: 'fr', days: 90, domain: 'facebook.com' },
    ],
    storage: ['lastExternalReferrer*'],
    hosts: ['connect.facebook.net', 'facebook.com'],
  },
};
