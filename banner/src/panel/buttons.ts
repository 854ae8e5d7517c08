import type { Choice, Method } from '../gate/config.js';
import type { Question } from '../gate/notice.js';
import { all } from './choice.js';
import { element } from './element.js';

/** A click that a script made is no visitor's: it may say no, and never yes. */
export type Decide = (method: Method, choice: Choice, click: MouseEvent) => void;

export function button(name: string, text: string, act: (click: MouseEvent) => void): HTMLButtonElement {
  const made = element('button', { type: 'button', name }, text);
  made.onclick = act;
  return made;
}

/** The two answers that stand beside each other on every layer. */
export function answers({ texts, purposes }: Question, decide: Decide): HTMLButtonElement[] {
  const asked = purposes.filter(({ necessary }) => !necessary).map(({ id }) => id);
  return [
    button('accept_all', texts.accept_all, (click) => decide('accept_all', all(asked, 'granted'), click)),
    button('reject_all', texts.reject_all, (click) => decide('reject_all', all(asked, 'denied'), click)),
  ];
}
