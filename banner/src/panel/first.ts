// The question: it leaves the page and the focus alone, and asks for one of three equal answers.

import type { Notice } from '../gate/notice.js';
import { answers, button, type Decide } from './buttons.js';
import { element } from './element.js';
import { fill } from './words.js';

export function firstLayer(notice: Notice, decide: Decide, choose: () => void): HTMLElement {
  const { texts, name, controller, purposes, policy_url } = notice;
  return element(
    'div',
    {
      class: 'layer first',
      dir: 'auto',
      role: 'dialog',
      'aria-labelledby': 'first-title',
      'aria-describedby': 'first-intro',
    },
    element(
      'div',
      { class: 'words' },
      element('h2', { id: 'first-title' }, texts.title),
      element('p', { id: 'first-intro' }, fill(texts.intro, { name, controller })),
      element('p', {}, purposes.map((purpose) => purpose.name).join(' · ')),
      element('a', { href: policy_url }, texts.policy),
    ),
    element('div', { class: 'buttons' }, ...answers(notice, decide), button('choose', texts.choose, choose)),
  );
}
