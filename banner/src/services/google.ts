// Google's tags. What they may do is said by consent mode, which is the gate's and is told before anything here runs.

import { type About, ANY_CASE, type Start } from './service.js';

declare global {
  interface Window {
    [disable: `ga-disable-${string}`]: boolean;
  }
}

interface Google {
  readonly key: string;
  /** The whole address of the script, where it is not Google's. */
  readonly url?: string;
}

export const start: Start<Google> = ({ key, url }, { load, gtag, push }) => {
  const manager = key.startsWith('GTM');
  if (manager) {
    push({ 'gtm.start': Date.now(), event: 'gtm.js' });
  } else {
    gtag('js', new Date());
    gtag('config', key);
  }
  load(url ?? `https://www.googletagmanager.com/${manager ? 'gtm.js' : 'gtag/js'}?id=${key}`);
  return (granted) => {
    window[`ga-disable-${key}`] = !granted;
  };
};

const VENDOR = 'Google Ireland Ltd';
const POLICY = 'https://policies.google.com/privacy';
const ANALYTICS_HOSTS = ['google-analytics.com', 'analytics.google.com', 'googletagmanager.com'];
const ADS_HOSTS = ['googleadservices.com', 'googlesyndication.com', 'doubleclick.net', 'googletagmanager.com'];

export const kinds: Record<string, About> = {
  ga4: {
    name: 'Google Analytics',
    vendor: VENDOR,
    country: 'US',
    policy: POLICY,
    script: 'query',
    purpose: 'analytics',
    key: { prefix: 'G-', characters: ANY_CASE, example: 'G-XXXXXXXX' },
    cookies: [
      { name: '_ga', days: 730 },
      { name: '_ga_*', days: 730 },
    ],
    modes: [
      { name: 'basic' },
      {
        name: 'advanced',
        warning:
          'before a yes Google gets pings with the address and the page of every visitor, though no cookie is set: in the EEA that needs a yes',
      },
    ],
    hosts: ANALYTICS_HOSTS,
  },
  ua: {
    name: 'Google Universal Analytics',
    vendor: VENDOR,
    country: 'US',
    policy: POLICY,
    script: 'query',
    purpose: 'analytics',
    key: { prefix: 'UA-', characters: ANY_CASE, example: 'UA-XXXXXXXX' },
    cookies: [
      { name: '_ga', days: 730 },
      { name: '_gid', days: 1 },
      { name: '_gat*', days: 1 },
    ],
    hosts: ANALYTICS_HOSTS,
    warning:
      'Universal Analytics is dead (Google stopped taking its hits in 2023 and deleted its data in 2024); it is gated, and records nothing: use kind = "ga4" with a G- id',
  },
  gtm: {
    name: 'Google Tag Manager',
    vendor: VENDOR,
    country: 'US',
    policy: POLICY,
    script: 'query',
    purpose: 'advertising',
    key: { prefix: 'GTM-', characters: ANY_CASE, example: 'GTM-XXXXXXXX' },
    cookies: [
      { name: '_ga', days: 730 },
      { name: '_ga_*', days: 730 },
      { name: '_gcl_*', days: 90 },
    ],
    storage: ['_gcl_ls'],
    reload: true,
    hosts: ['googletagmanager.com'],
  },
  // Denied, it goes on sending what the page tells it, without cookies: only a new page is silent.
  'google-ads': {
    name: 'Google Ads',
    vendor: VENDOR,
    country: 'US',
    policy: POLICY,
    script: 'query',
    purpose: 'advertising',
    key: { prefix: 'AW-', characters: ANY_CASE, example: 'AW-123456789' },
    cookies: [
      { name: '_gcl_*', days: 90 },
      { name: '_gac_*', days: 90 },
      { name: 'IDE', days: 390, domain: 'doubleclick.net' },
    ],
    storage: ['_gcl_ls'],
    reload: true,
    hosts: ADS_HOSTS,
  },
};
