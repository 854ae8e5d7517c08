// Matomo, the first on a page: it owns the queue `_paq`. Every other tracker is made by name, in piwik.ts. Their scripts load one
// at a time, since piwik.js runs, and replaces, whatever queue it finds, and throws on Matomo's newer commands.

import type { About, Cookie, Start } from './service.js';

declare global {
  interface Window {
    _paq?: { push(...commands: unknown[][]): unknown } | undefined;
  }
}

interface Matomo {
  /** The address of matomo.js. */
  readonly url: string;
  readonly siteId: number | string;
  readonly mode?: 'require_consent' | 'cookieless';
}

export const start: Start<Matomo> = ({ url, siteId, mode }, tools, granted) => {
  let silent = false;
  const run = (...commands: unknown[][]) => {
    window._paq ||= [];
    window._paq.push(...commands);
  };

  function tell(now: boolean) {
    granted = now;
    silent ||= !now;
    // After a no it stays silent until the next page: what it heard in between would be sent by a later yes.
    if (!silent) return run(['setConsentGiven']);
    // It goes on hearing clicks, and would write its cookies again.
    run(['requireConsent'], ['disableCookies'], ['setTrackerUrl', 'data:,']);
    window._paq = { push() {} };
  }

  tools.turn = Promise.resolve(tools.turn).then(async () => {
    if (silent) return;
    run(['setTrackerUrl', url.replace(/js$/, 'php')], ['setSiteId', siteId]);
    if (mode === 'cookieless' && !granted) run(['disableCookies'], ['disableBrowserFeatureDetection']);
    else run(['requireConsent']);
    if (granted) run(['setConsentGiven']);
    run(['trackPageView'], ['enableLinkTracking']);
    if (!(await tools.load(url))) tell(false);
  });
  return tell;
};

/** Matomo's own cookie lifetimes: 13 months, 6 months, 30 minutes. */
export const COOKIES: readonly Cookie[] = [
  { name: '_pk_id*', days: 393 },
  { name: '_pk_ref*', days: 183 },
  { name: '_pk_ses*', days: 1 },
  { name: '_pk_cvar*', days: 1 },
  { name: '_pk_hsr*', days: 1 },
];

export const kinds: Record<string, About> = {
  matomo: {
    name: 'Matomo',
    vendor: '',
    purpose: 'analytics',
    cookies: COOKIES,
    url: 'folder',
    file: 'matomo.js',
    siteId: true,
    others: 'piwik',
    modes: [
      { name: 'held' },
      {
        name: 'require_consent',
        warning:
          'matomo.js is loaded before a yes, though it sends and stores nothing until then: only where the law lets it load',
      },
      {
        name: 'cookieless',
        warning:
          'where the law of the visitor’s place allows measuring without storage, visits are counted before a yes; let Matomo shorten the addresses, and use the counts for nothing else',
      },
    ],
    hosts: ['matomo.cloud'],
  },
};
