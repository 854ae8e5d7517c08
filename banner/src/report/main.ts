// Looks for tags that run although nobody said yes: requests to the hosts of known vendors, and their cookies. Says which
// vendor and which of the two, once a page, and nothing about the visitor.

import type { Gate } from '../gate/notice.js';
import { matches } from '../settings/clean.js';
import { vendors } from './vendors.js';

/** `services`: kind → those that the site has of it. */
export function watch({ base, config, granted }: Gate, services: Readonly<Record<string, readonly string[]>>): void {
  const told = new Set<string>();

  function report(service: string, found: 'request' | 'cookie') {
    const body = JSON.stringify({ service, found });
    if (told.has(body)) return;
    told.add(body);
    fetch(`${base}/v1/sites/${config.site}/reports`, { method: 'POST', body, keepalive: true }).catch(() => {});
  }

  /** What several kinds share is in order when one of them may run. */
  function check(found: 'request' | 'cookie', isOf: (vendor: (typeof vendors)[number]) => boolean) {
    const suspects = vendors.filter(isOf);
    const may = suspects.some(({ kind, purpose }) => granted(purpose) || services[kind]?.some(granted));
    if (suspects[0] && !may) report(suspects[0].kind, found);
  }

  function checkCookies() {
    for (const pair of document.cookie.split('; ')) {
      const name = pair.replace(/=.*/s, '');
      check('cookie', ({ cookies }) => matches(name, cookies));
    }
  }

  new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) {
      if (!/^https?:/.test(name)) continue;
      const { hostname } = new URL(name);
      check('request', ({ hosts }) => hosts.some((host) => `.${hostname}`.endsWith(`.${host}`)));
    }
  }).observe({ type: 'resource', buffered: true });
  checkCookies();
  document.addEventListener('visibilitychange', checkCookies);
}
