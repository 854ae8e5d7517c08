import type { Notice, NoticeService } from '../gate/notice.js';
import { element } from '../panel/element.js';

/** Who runs a service, from where, and what it leaves on the device for how long; and its own switch. */
export function serviceDetails(
  { texts }: Notice,
  service: NoticeService,
  toggle: HTMLInputElement | undefined,
): HTMLElement {
  const { name, vendor, policy_url, cookies, storage = [] } = service;
  const place = service.country ? ` · ${texts.country}: ${service.country_name}` : '';
  // A name keeps its own direction.
  const vendorName = element('bdi', {}, vendor);
  const heading = element('h4', {}, toggle ? element('label', { for: toggle.id }, name) : name);
  const shown = element(
    'div',
    { class: 'service' },
    element('div', { class: 'row' }, heading, toggle ?? ''),
    element('p', {}, `${texts.vendor}: `, vendorName, place),
  );
  if (policy_url) shown.append(element('p', {}, element('a', { href: policy_url }, `${texts.policy}: ${vendor}`)));
  const rows = [
    ...cookies.map((cookie) => [cookie.domain ? `${cookie.name} (${cookie.domain})` : cookie.name, cookie.lifetime]),
    ...storage.map((key) => [`${key} (${texts.storage})`, texts.until_cleared]),
  ].map((cells) => element('tr', {}, ...cells.map((cell) => element('td', { dir: 'auto' }, cell))));
  const head = [texts.cookie, texts.lifetime].map((text) => element('th', { scope: 'col' }, text));
  shown.append(
    rows.length
      ? element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows))
      : element('p', {}, texts.no_cookies),
  );
  return shown;
}
