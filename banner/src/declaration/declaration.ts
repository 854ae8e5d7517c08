// All that one declaration says: the visitor's own choice, then every purpose with its services.

import type { Gate, Notice, NoticeService, Purpose } from '../gate/notice.js';
import { element } from '../panel/element.js';
import { directionOf, fill } from '../panel/words.js';
import { serviceDetails } from '../settings/service.js';
import { own } from './own.js';
import type { Part } from './part.js';

export function declaration(gate: Gate, notice: Notice): Part {
  const { texts, language, controller, policy_url, purposes } = notice;
  const parts = [own(gate, notice), ...purposes.map((purpose) => purposePart(gate, notice, purpose))];
  const content = element(
    'div',
    { lang: language, dir: directionOf(language) },
    ...parts.map((part) => part.content),
    element('p', {}, fill(texts.responsible, { controller })),
    element('p', {}, element('a', { href: policy_url }, texts.policy)),
  );
  return {
    content,
    refresh() {
      for (const { refresh } of parts) refresh();
    },
  };
}

function purposePart(gate: Gate, notice: Notice, purpose: Purpose): Part {
  const { texts } = notice;
  const { id, necessary, name, description, services } = purpose;
  const answer = element('strong', { class: 'answer' });
  const content = element(
    'section',
    {},
    element('div', { class: 'row' }, element('h3', {}, name), answer),
    element('p', {}, description),
  );
  if (necessary) content.append(serviceDetails(notice, choiceOf(notice), undefined));
  const answers = services.map((service) => {
    const details = serviceDetails(notice, service, undefined);
    const answer = element('strong', { class: 'answer' });
    details.querySelector('.row')?.append(answer);
    content.append(details);
    return { id: service.id, answer };
  });

  function refresh() {
    const isAllowed = gate.granted(id);
    const word = (yes: boolean) => (yes ? texts.allowed : texts.not_allowed);
    answer.textContent = necessary ? texts.always_on : word(isAllowed);
    answer.classList.toggle('no', !isAllowed);
    // A service has a word of its own where it is answered for by itself.
    for (const { id, answer } of answers) {
      const own = necessary || gate.granted(id);
      answer.textContent = own === isAllowed ? '' : word(own);
      answer.classList.toggle('no', !own);
    }
  }

  refresh();
  return { content, refresh };
}

/** What is kept in any case once somebody has answered: the choice itself, for so long at the most. */
function choiceOf({ site, name, controller, yes_days, no_days, remembered }: Notice): NoticeService {
  // Its own, and the copy of the service.
  const cookies = [`samtykke_${site}`, `samtykke_${site}.`].map((name) => ({
    name,
    days: Math.max(yes_days, no_days),
    lifetime: remembered,
  }));
  return { id: site, name, vendor: controller, cookies };
}
