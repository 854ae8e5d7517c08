// HubSpot's tracking code. It keeps a cookie of its own that says not to track, which is left to it: it says nothing else.

import { type About, DIGITS, type Start } from './service.js';

declare global {
  interface Window {
    _hsq?: Queue;
    _hsp?: Queue;
    disableHubSpotCookieBanner?: boolean;
  }
}

interface Queue {
  push(command: unknown[]): unknown;
}

interface HubSpot {
  readonly key: string;
  /** The whole address of the script, where it is not the usual one: accounts in the EU have their own. */
  readonly url?: string;
}

export const start: Start<HubSpot> = ({ key, url }, { load }, granted) => {
  function tell(granted: boolean) {
    window._hsq ||= [];
    window._hsp ||= [];
    window._hsq.push(granted ? ['doNotTrack', { track: true }] : ['doNotTrack']);
    if (!granted) window._hsp.push(['revokeCookieConsent']);
  }
  // Nobody is asked twice.
  window.disableHubSpotCookieBanner = true;
  tell(granted);
  load(url ?? `https://js.hs-scripts.com/${key}.js`);
  return tell;
};

export const kinds: Record<string, About> = {
  hubspot: {
    name: 'HubSpot',
    vendor: 'HubSpot Ireland Ltd',
    country: 'US',
    policy: 'https://legal.hubspot.com/privacy-policy',
    purpose: 'advertising',
    key: { prefix: '', characters: DIGITS, example: '12345678' },
    script: 'folder',
    cookies: [
      { name: '__hstc', days: 183 },
      { name: 'hubspotutk', days: 183 },
      { name: '__hssc', days: 1 },
      { name: '__hssrc', days: 0 },
      { name: 'messagesUtk', days: 183 },
    ],
    hosts: [
      'hs-scripts.com',
      'hs-analytics.net',
      'hubspot.com',
      'hsforms.com',
      'hscollectedforms.net',
      'hs-banner.com',
    ],
  },
};
