// Piwik PRO, with its own form for consent switched to custom. Its commands go through the dataLayer, which its container
// reads from before it is loaded to the end of the page.

import { type About, type Start, UUID } from './service.js';

interface PiwikPro {
  readonly purpose: string;
  readonly key: string;
  readonly url: string;
}

export const start: Start<PiwikPro> = ({ purpose, key, url }, { load, push }, granted) => {
  const types = ['analytics'];
  if (purpose === 'advertising') types.push('conversion_tracking', 'marketing_automation', 'remarketing');

  function tell(granted: boolean) {
    const consents = Object.fromEntries(types.map((type) => [type, { status: +granted }]));
    push({ event: 'ppms.cm:setComplianceSettings', parameters: [{ consents }, () => {}, console.warn] });
  }

  push({ start: Date.now(), event: 'stg.start' });
  tell(granted);
  load(`${url}${key}.js`);
  return tell;
};

export const kinds: Record<string, About> = {
  'piwik-pro': {
    name: 'Piwik PRO',
    vendor: 'Piwik PRO SA',
    country: 'PL',
    policy: 'https://piwik.pro/privacy-policy/',
    purpose: 'analytics',
    key: { prefix: '', characters: UUID, example: '0a0b8661-8c10-4d59-b8fd-40a60ad45163' },
    url: 'folder',
    cookies: [
      { name: '_pk_id*', days: 393 },
      { name: '_pk_ses*', days: 1 },
      { name: '_pk_cvar*', days: 1 },
      { name: 'ppms_privacy_*', days: 365 },
      { name: 'stg_*', days: 365 },
    ],
    storage: ['ppms_webstorage', 'stg_*'],
    hosts: ['piwik.pro'],
  },
};
