// The settings: a modal dialog with a switch for every purpose. Leaving it is no answer.

import type { Answer, Choice } from '../gate/config.js';
import type { Notice, Purpose } from '../gate/notice.js';
import { answers, button, type Decide } from './buttons.js';
import { element } from './element.js';
import { serviceDetails } from './service.js';
import { duration, fill } from './words.js';

export function secondLayer(notice: Notice, present: Choice | null, decide: Decide): HTMLDialogElement {
  const { texts, language, name, controller, purposes, policy_url } = notice;
  const switches = new Map<string, HTMLInputElement>();
  for (const { id, necessary } of purposes) {
    if (!necessary) switches.set(id, switchOf(id, present?.[id] === 'granted'));
  }

  function save() {
    const answer = ([id, { checked }]: [string, HTMLInputElement]): [string, Answer] => [
      id,
      checked ? 'granted' : 'denied',
    ];
    decide('save', Object.fromEntries(Array.from(switches, answer)));
  }

  const dialog = element(
    'dialog',
    { class: 'layer second', dir: 'auto', 'aria-labelledby': 'second-title', 'aria-describedby': 'second-details' },
    // Takes the focus when the dialog opens, so that no answer has it.
    element('h2', { id: 'second-title', tabindex: '-1' }, texts.settings),
    element(
      'p',
      { id: 'second-details' },
      fill(texts.details, { name, controller, time: duration(notice.remember_days, language) }),
    ),
    element('a', { href: policy_url }, texts.policy),
    // Without bullets, Safari no longer calls it a list.
    element(
      'ul',
      { class: 'purposes', role: 'list' },
      ...purposes.map((purpose) => purposeItem(notice, purpose, switches.get(purpose.id))),
    ),
    element('div', { class: 'buttons' }, ...answers(notice, decide), button('save', texts.save, save)),
    button('close', texts.close, () => dialog.close()),
  );
  return dialog;
}

function switchOf(purpose: string, granted: boolean): HTMLInputElement {
  const made = element('input', {
    type: 'checkbox',
    role: 'switch',
    id: `purpose-${purpose}`,
    name: purpose,
    'aria-describedby': `description-${purpose}`,
  });
  made.checked = granted;
  return made;
}

function purposeItem(notice: Notice, purpose: Purpose, toggle: HTMLInputElement | undefined): HTMLLIElement {
  const { texts } = notice;
  const { id, name, description, services } = purpose;
  const item = element(
    'li',
    {},
    element(
      'div',
      { class: 'row' },
      element('h3', {}, toggle ? element('label', { for: toggle.id }, name) : name),
      toggle ?? element('span', {}, texts.always_on),
    ),
    element('p', { id: `description-${id}` }, description),
  );
  if (services.length) {
    const summary = element('summary', {}, `${texts.services} (${services.length})`);
    item.append(element('details', {}, summary, ...services.map((service) => serviceDetails(notice, service))));
  }
  return item;
}
