// Microsoft Advertising's Universal Event Tracking. Denied, it goes on sending, without cookies: a queue that goes nowhere
// takes its place.

import { type About, DIGITS, type Start } from './service.js';

declare global {
  interface Window {
    uetq?: Queue;
    UET?: new (settings: { ti: string; q: Queue }) => Queue;
  }
}

interface Queue {
  push(...entries: unknown[]): unknown;
}

interface Uet {
  readonly key: string;
}

export const start: Start<Uet> = ({ key }, { load }, granted) => {
  let queue = window.uetq ?? [];

  function tell(now: boolean) {
    granted = now;
    queue.push('consent', 'update', { ad_storage: now ? 'granted' : 'denied' });
    window.uetq = now ? queue : { push() {} };
  }

  queue.push('consent', 'default', { ad_storage: 'denied' });
  tell(granted);
  load('https://bat.bing.com/bat.js').then(() => {
    if (!granted || !window.UET) return;
    window.uetq = queue = new window.UET({ ti: key, q: queue });
    queue.push('pageLoad');
  });
  return tell;
};

export const kinds: Record<string, About> = {
  uet: {
    name: 'Microsoft Advertising',
    vendor: 'Microsoft Ireland Operations Ltd',
    country: 'US',
    policy: 'https://www.microsoft.com/privacy/privacystatement',
    purpose: 'advertising',
    key: { prefix: '', characters: DIGITS, example: '12345678' },
    cookies: [
      { name: '_uetsid', days: 1 },
      { name: '_uetvid', days: 390 },
      { name: '_uetmsclkid', days: 90 },
      { name: 'MUID', days: 390, domain: 'bing.com' },
    ],
    storage: ['_uetsid*', '_uetvid*', '_uetmsclkid*'],
    hosts: ['bat.bing.com', 'bat.bing.net'],
  },
};
