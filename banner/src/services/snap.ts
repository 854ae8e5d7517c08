// Snap's pixel knows no consent: it is not loaded without a yes, and only a new page is rid of it.

import { type About, type Start, UUID } from './service.js';

declare global {
  interface Window {
    snaptr?: Snaptr;
  }
}

interface Snaptr {
  (...command: unknown[]): void;
  handleRequest?: (...command: unknown[]) => void;
  queue: unknown[];
}

interface Snap {
  readonly key: string;
}

export const start: Start<Snap> = ({ key }, { load }) => {
  const stub = ((...command) => {
    stub.handleRequest ? stub.handleRequest(...command) : stub.queue.push(command);
  }) as Snaptr;
  window.snaptr ||= Object.assign(stub, { queue: [] });
  window.snaptr('init', key);
  window.snaptr('track', 'PAGE_VIEW');
  load('https://sc-static.net/scevent.min.js');
  return () => {};
};

export const kinds: Record<string, About> = {
  snap: {
    name: 'Snap Pixel',
    vendor: 'Snap Group Ltd',
    country: 'US',
    policy: 'https://values.snap.com/privacy/privacy-policy',
    purpose: 'advertising',
    key: { prefix: '', characters: UUID, example: '0a0b8661-8c10-4d59-b8fd-40a60ad45163' },
    cookies: [
      { name: '_scid*', days: 395 },
      { name: '_sctr', days: 395 },
      { name: '_ScCbts', days: 14 },
      { name: 'sc_at', days: 365, domain: 'snapchat.com' },
    ],
    storage: ['u_sclid*', 'u_scsid*'],
    reload: true,
    hosts: ['sc-static.net', 'tr.snapchat.com'],
  },
};
