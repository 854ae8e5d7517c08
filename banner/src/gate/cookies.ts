// Deletes what the services left behind.

import type { Service } from './config.js';

/** Deletes every visible cookie of a service that is not granted, unless one that is granted sets it too. */
export function deleteCookies(services: readonly Service[], granted: (purpose: string) => boolean): void {
  try {
    for (const pair of document.cookie.split('; ')) {
      const name = pair.replace(/=.*/, '');
      const owners = services.filter((service) => service.cookies?.some((pattern) => matches(name, pattern)));
      if (!owners.length || owners.some((service) => granted(service.purpose))) continue;
      for (const domain of domains(location.hostname)) {
        for (const path of ['/', location.pathname]) {
          // biome-ignore lint/suspicious/noDocumentCookie: must be done before the page goes on
          document.cookie = `${name}=; Max-Age=0; Path=${path}${domain}`;
        }
      }
    }
  } catch {}
}

export function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** The host alone, then every domain above it: browsers refuse the public suffixes themselves. */
export function domains(host: string): string[] {
  const labels = host.split('.');
  return ['', ...labels.map((_, at) => `; Domain=${labels.slice(at).join('.')}`)];
}
