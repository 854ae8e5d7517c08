// The settings: a modal dialog with a switch for every purpose. Leaving it is no answer.

import type { Answer } from '../gate/config.js';
import type { Gate, Notice, Purpose } from '../gate/notice.js';
import { answers, button, type Decide } from '../panel/buttons.js';
import { element } from '../panel/element.js';
import { fill } from '../panel/words.js';
import { serviceDetails } from './service.js';

export function secondLayer(notice: Notice, gate: Gate, decide: Decide): HTMLDialogElement {
  const { texts, name, controller, purposes, policy_url, announcement } = notice;
  const switches = new Map<string, HTMLInputElement>();
  for (const { id: purpose, necessary, services } of purposes) {
    if (necessary) continue;
    const own = switchOf(purpose, gate);
    own.setAttribute('role', 'switch');
    own.setAttribute('aria-describedby', `description-${purpose}`);
    const parts = notice.service_switches ? services.map(({ id }) => switchOf(id, gate)) : [];
    // A purpose answers for all its services until one is answered for by itself.
    own.onchange = () => {
      for (const part of parts) part.checked = own.checked;
    };
    for (const made of [own, ...parts]) switches.set(made.name, made);
  }

  function save(click: MouseEvent) {
    const answerOf = (name: string): Answer => (switches.get(name)?.checked ? 'granted' : 'denied');
    const names = [...switches.keys()].filter((name) => {
      const purpose = gate.purposeOf(name);
      return purpose === name || answerOf(purpose) !== answerOf(name);
    });
    decide('save', Object.fromEntries(names.map((name) => [name, answerOf(name)])), click);
  }

  const dialog = element(
    'dialog',
    { class: 'layer second', 'aria-labelledby': 'second-title', 'aria-describedby': 'second-details' },
    // Takes the focus when the dialog opens, so that no answer has it.
    element('h2', { id: 'second-title', tabindex: '-1' }, texts.settings),
    element('p', { id: 'second-details' }, fill(texts.details, { name, controller }), gate.account?.scope ?? ''),
    element('a', { href: policy_url }, texts.policy),
    ...(announcement ? [element('p', {}, announcement.text)] : []),
    // Some laws want it told that the signal was obeyed, and not only in passing (California, 11 CCR § 7025(c)(6)).
    element('p', {}, isHonoured(notice, gate) ? texts.honoured : ''),
    // Without bullets, Safari no longer calls it a list.
    element(
      'ul',
      { class: 'purposes', role: 'list' },
      ...purposes.map((purpose) => purposeItem(notice, purpose, switches)),
    ),
    element('div', { class: 'buttons' }, ...answers(notice, decide), button('save', texts.save, save)),
    button('close', texts.close, () => dialog.close()),
  );
  return dialog;
}

function isHonoured({ honoured, purposes }: Notice, gate: Gate): boolean {
  const granted = purposes.some(({ id, necessary }) => !necessary && gate.granted(id));
  return honoured && !!navigator.globalPrivacyControl && !granted;
}

function switchOf(name: string, gate: Gate): HTMLInputElement {
  const made = element('input', { type: 'checkbox', id: `switch-${name}`, name });
  made.checked = gate.granted(name);
  made.disabled = gate.isMinor() && gate.purposeOf(name) === 'advertising';
  return made;
}

function purposeItem(notice: Notice, purpose: Purpose, switches: ReadonlyMap<string, HTMLInputElement>): HTMLLIElement {
  const { texts } = notice;
  const { id, name, description, services } = purpose;
  const toggle = switches.get(id);
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
    const details = services.map((service) => serviceDetails(notice, service, switches.get(service.id)));
    item.append(element('details', {}, summary, ...details));
  }
  return item;
}
