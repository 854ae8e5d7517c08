// LinkedIn's Insight Tag knows no consent: it is not loaded without a yes, and only a new page is rid of it.

import { type About, DIGITS, type Start } from './service.js';

declare global {
  interface Window {
    _linkedin_partner_id?: string;
    _linkedin_data_partner_ids?: string[];
    lintrk?: Lintrk;
  }
}

interface Lintrk {
  (...command: unknown[]): void;
  q: unknown[];
}

interface LinkedIn {
  readonly key: string;
}

export const start: Start<LinkedIn> = ({ key }, { load }) => {
  window._linkedin_partner_id = key;
  window._linkedin_data_partner_ids ||= [];
  window._linkedin_data_partner_ids.push(key);
  const stub = ((...command) => {
    stub.q.push(command);
  }) as Lintrk;
  window.lintrk ||= Object.assign(stub, { q: [] });
  load('https://snap.licdn.com/li.lms-analytics/insight.min.js');
  return () => {};
};

export const kinds: Record<string, About> = {
  linkedin: {
    name: 'LinkedIn Insight Tag',
    vendor: 'LinkedIn Ireland Unlimited Company',
    country: 'US',
    policy: 'https://www.linkedin.com/legal/privacy-policy',
    purpose: 'advertising',
    key: { prefix: '', characters: DIGITS, example: '1234567' },
    cookies: [
      { name: 'li_fat_id', days: 30 },
      { name: 'li_giant', days: 7 },
      { name: 'li_sugr', days: 90, domain: 'linkedin.com' },
      { name: 'bcookie', days: 365, domain: 'linkedin.com' },
      { name: 'lidc', days: 1, domain: 'linkedin.com' },
      { name: 'UserMatchHistory', days: 30, domain: 'linkedin.com' },
      { name: 'AnalyticsSyncHistory', days: 30, domain: 'linkedin.com' },
    ],
    storage: ['li_adsId', 'li_fat_id'],
    reload: true,
    hosts: ['snap.licdn.com', 'ads.linkedin.com'],
  },
};
