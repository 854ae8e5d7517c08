// Starts the services of the configuration.

import type { Google, Service } from './config.js';
import { gtag, push } from './consent-mode.js';
import { load } from './load.js';
import { startTracker } from './trackers.js';

/** Silences a service for the rest of this page. */
export type Silence = () => void;

declare global {
  interface Window {
    [disable: `ga-disable-${string}`]: boolean;
  }
}

export function start(service: Service): Silence {
  if ('key' in service) return startGoogle(service);
  if ('siteId' in service) return startTracker(service);
  if (service.kind === 'script') load(service.url);
  if (service.kind === 'pixel') new Image().src = service.url;
  return () => {};
}

function startGoogle({ kind, key, url }: Google): Silence {
  const tagManager = kind === 'gtm';
  if (tagManager) {
    push({ 'gtm.start': Date.now(), event: 'gtm.js' });
  } else {
    gtag('js', new Date());
    gtag('config', key);
  }
  const address = url ?? `https://www.googletagmanager.com/${tagManager ? 'gtm.js' : 'gtag/js'}`;
  load(`${address}${address.includes('?') ? '&' : '?'}id=${key}`);
  return () => {
    if (!tagManager) window[`ga-disable-${key}`] = true;
  };
}
