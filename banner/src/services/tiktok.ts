// TikTok's pixel: its consent is held before the page view is queued, and only then granted.

import { type About, type Start, UPPER } from './service.js';

declare global {
  interface Window {
    ttq?: Ttq;
    TiktokAnalyticsObject?: string;
  }
}

type Method = (...args: unknown[]) => void;

interface Ttq {
  [method: string]: Method | unknown;
  push?(call: unknown[]): void;
}

interface TikTok {
  readonly key: string;
}

const SCRIPT = 'https://analytics.tiktok.com/i18n/pixel/events.js';
const METHODS =
  'page track identify instances debug on off once ready alias group enableCookie disableCookie holdConsent revokeConsent grantConsent';

export const start: Start<TikTok> = ({ key }, { load }, granted) => {
  const call = (method: string) => (window.ttq?.[method] as Method | undefined)?.();
  window.TiktokAnalyticsObject = 'ttq';
  window.ttq ||= [] as unknown as Ttq;
  const { ttq } = window;
  for (const method of METHODS.split(' ')) {
    ttq[method] ||= (...args: unknown[]) => ttq.push?.([method, ...args]);
  }
  // What its script looks for to know its pixels, their addresses, times and options.
  for (const [part, value] of Object.entries({ _i: Object.assign([], { _u: SCRIPT }), _t: Date.now(), _o: {} })) {
    ttq[part] = { ...(ttq[part] as object), [key]: value };
  }
  call('holdConsent');
  call('page');
  const tell = (granted: boolean) => call(granted ? 'grantConsent' : 'revokeConsent');
  tell(granted);
  load(`${SCRIPT}?sdkid=${key}&lib=ttq`);
  return tell;
};

export const kinds: Record<string, About> = {
  tiktok: {
    name: 'TikTok Pixel',
    vendor: 'TikTok Technology Ltd',
    country: 'CN',
    policy: 'https://www.tiktok.com/legal/privacy-policy-eea',
    purpose: 'advertising',
    key: { prefix: '', characters: UPPER, example: 'C4A1B2C3D4E5F6G7H8I9' },
    cookies: [
      { name: '_ttp', days: 395 },
      { name: '_tt_enable_cookie', days: 395 },
      { name: 'ttclid', days: 395 },
      { name: 'ttcsid*', days: 395 },
      { name: '_ttp', days: 395, domain: 'tiktok.com' },
    ],
    storage: ['tt_*'],
    hosts: ['analytics.tiktok.com'],
  },
};
