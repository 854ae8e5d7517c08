// What stands in the page itself, marked there: the gate releases the mark, and there is nothing to start.

import type { About } from './service.js';

const GOOGLE = { vendor: 'Google Ireland Ltd', country: 'US', policy: 'https://policies.google.com/privacy' } as const;

export const kinds: Record<string, About> = {
  youtube: {
    ...GOOGLE,
    name: 'YouTube',
    purpose: 'preferences',
    cookies: [
      { name: 'VISITOR_INFO1_LIVE', days: 180, domain: 'youtube.com' },
      { name: 'VISITOR_PRIVACY_METADATA', days: 180, domain: 'youtube.com' },
      { name: 'YSC', days: 0, domain: 'youtube.com' },
    ],
    hosts: ['youtube.com', 'youtube-nocookie.com', 'ytimg.com'],
  },
  vimeo: {
    name: 'Vimeo',
    vendor: 'Vimeo.com, Inc.',
    country: 'US',
    policy: 'https://vimeo.com/privacy',
    purpose: 'preferences',
    cookies: [
      { name: 'vuid', days: 730, domain: 'vimeo.com' },
      { name: 'player', days: 365, domain: 'vimeo.com' },
      { name: '__cf_bm', days: 1, domain: 'vimeo.com' },
      { name: '_cfuvid', days: 0, domain: 'vimeo.com' },
    ],
    hosts: ['player.vimeo.com', 'vimeocdn.com'],
  },
  'google-maps': {
    ...GOOGLE,
    name: 'Google Maps',
    purpose: 'preferences',
    cookies: [{ name: 'NID', days: 183, domain: 'google.com' }],
    hosts: ['maps.google.com', 'maps.googleapis.com', 'maps.gstatic.com'],
  },
  embed: { name: '', vendor: '', purpose: 'preferences', cookies: [], hosts: [] },
};
