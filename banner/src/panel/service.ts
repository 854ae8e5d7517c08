import type { Notice, NoticeService } from '../gate/notice.js';
import { element } from './element.js';
import { country, duration } from './words.js';

/** Who runs a service, from where, and what it leaves on the device for how long. */
export function serviceDetails({ texts, language }: Notice, service: NoticeService): HTMLElement {
  const { name, vendor, policy_url, cookies } = service;
  const place = service.country ? ` · ${texts.country}: ${country(service.country, language)}` : '';
  const shown = element(
    'div',
    { class: 'service' },
    element('h4', {}, name),
    element('p', {}, `${texts.vendor}: ${vendor}${place}`),
  );
  if (policy_url) shown.append(element('p', {}, element('a', { href: policy_url }, `${texts.policy}: ${vendor}`)));
  shown.append(cookies.length ? cookieTable() : element('p', {}, texts.no_cookies));
  return shown;

  function cookieTable() {
    const head = [texts.cookie, texts.lifetime].map((text) => element('th', { scope: 'col' }, text));
    const rows = cookies.map(({ name, days }) => {
      const lifetime = days ? duration(days, language) : texts.until_closed;
      return element('tr', {}, element('td', {}, name), element('td', {}, lifetime));
    });
    return element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
  }
}
