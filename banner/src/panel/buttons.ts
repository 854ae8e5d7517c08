import { all } from '../gate/choice.js';
import type { Choice, Method } from '../gate/config.js';
import type { Notice } from '../gate/notice.js';
import { element } from './element.js';

export type Decide = (method: Method, choice: Choice) => void;

export function button(name: string, text: string, act: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', name }, text);
  made.onclick = act;
  return made;
}

/** The two answers that stand beside each other on every layer. */
export function answers({ texts, purposes }: Notice, decide: Decide): HTMLButtonElement[] {
  const asked = purposes.filter(({ necessary }) => !necessary).map(({ id }) => id);
  return [
    button('accept_all', texts.accept_all, () => decide('accept_all', all(asked, 'granted'))),
    button('reject_all', texts.reject_all, () => decide('reject_all', all(asked, 'denied'))),
  ];
}
