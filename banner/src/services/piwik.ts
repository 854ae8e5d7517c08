// Trackers by name: Piwik, Matomo's ancestor, and every Matomo but the first. See matomo.ts.

import { COOKIES } from './matomo.js';
import type { About, Start } from './service.js';

declare global {
  interface Window {
    Piwik?: { getTracker(url: string, siteId: number | string): NamedTracker };
  }
}

/** Old versions lack some of the methods. */
type NamedTracker = Record<string, ((...args: unknown[]) => void) | undefined>;

interface Piwik {
  /** The address of piwik.js or matomo.js. */
  readonly url: string;
  readonly siteId: number | string;
}

export const start: Start<Piwik> = ({ url, siteId }, tools) => {
  const endpoint = url.replace(/js$/, 'php');
  let silent = false;
  let tracker: NamedTracker | undefined;

  tools.turn = Promise.resolve(tools.turn).then(async () => {
    if (silent) return;
    const pageQueue = window._paq;
    // Still a list: no Matomo has taken it, and piwik.js would run what is meant for one.
    if (Array.isArray(pageQueue)) window._paq = [];
    const came = await tools.load(url);
    window._paq = pageQueue;
    tracker = came && !silent ? window.Piwik?.getTracker(endpoint, siteId) : undefined;
    for (const name of ['trackPageView', 'enableLinkTracking']) tracker?.[name]?.();
  });

  return (granted) => {
    silent ||= !granted;
    if (!silent) return;
    // It goes on hearing clicks, and would write its cookies again.
    tracker?.disableCookies?.();
    tracker?.setTrackerUrl?.('data:,');
  };
};

export const kinds: Record<string, About> = {
  piwik: {
    name: 'Piwik',
    vendor: '',
    purpose: 'analytics',
    cookies: COOKIES,
    url: 'folder',
    file: 'piwik.js',
    siteId: true,
    hosts: [],
  },
};
