// Writes the choice cookie, in the form that ../gate/cookie.ts describes.

import type { Config } from '../gate/config.js';
import type { Stored } from '../gate/cookie.js';

export function format({ notice, visitor, id, chosenAt, days, choice, pending, control, told }: Stored): string {
  const answers = Object.entries(choice).map(([name, answer]) => `${name}:${+(answer === 'granted')}`);
  return [
    `2${control ? 'g' : told && '-'}${told}`,
    notice,
    visitor,
    id,
    chosenAt.toString(36),
    days,
    answers.join('|'),
    pending,
  ].join('.');
}

/** The path alone, in the letters that a cookie may hold, so that a second sending says the same as the first. */
export function pageOf(path: string): string {
  return path.replace(/[^!#-+\--:<-[\]-~]/g, encodeURIComponent).slice(0, 300);
}

/**
 * Null forgets, the service's copy too. Where the page may have no cookies, the choice holds for the page. Whoever is logged in answers
 * for their account, and the device keeps what it has.
 */
export function write({ site, domains }: Config, stored: Stored | null): void {
  if (stored?.session) return;
  const { protocol, hostname } = location;
  const put = (value: string, seconds: number, domain = '', copy = '') => {
    const secure = protocol === 'https:' ? '; Secure' : '';
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API answers later, and the page may be left at once
    document.cookie = `samtykke_${site}${copy}=${value}; Path=/; SameSite=Lax; Max-Age=${seconds}${secure}${domain}`;
  };
  const seconds = stored ? stored.days * 86400 + Math.ceil((stored.chosenAt - Date.now()) / 1e3) : 0;
  const domain = domains?.find((domain) => `.${hostname}`.endsWith(`.${domain}`));
  try {
    // The host's own, from before it shared one.
    if (domain) for (const copy of ['', '.']) put('', 0, '', copy);
    const where = domain && `; Domain=${domain}`;
    put(stored ? format(stored) : '', seconds, where);
    // The copy of another answer is not to outlive a new one.
    if (stored?.pending !== '') put('', 0, where, '.');
  } catch {}
}
