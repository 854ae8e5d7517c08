// The question: one of three equal answers. Its parts are plain elements of the page, so that a privacy browser can read and
// press them; the shadow tree around them says where they stand and how they look, and the page's own rules cannot.

import type { Question } from '../gate/notice.js';
import { answers, button, type Decide } from './buttons.js';
import { element } from './element.js';
import css from './first.css';
import { important } from './sheet.js';
import { fill } from './words.js';

/** `scope`: how far the answer of somebody reaches who is logged in. */
export function firstLayer(question: Question, decide: Decide, choose: () => void, scope = ''): HTMLElement {
  const { texts, name, controller, policy_url, look, announcement } = question;
  const layer = element(
    'div',
    {
      class: 'first',
      role: 'dialog',
      layout: look.layout,
      position: look.position,
      'aria-labelledby': 'samtykke-title',
      'aria-describedby': 'samtykke-intro',
    },
    element('h2', { id: 'samtykke-title', tabindex: '-1' }, texts.title),
    element('p', { id: 'samtykke-intro' }, fill(texts.intro, { name, controller }), scope),
    element('p', {}, question.list),
    element('p', {}, texts.facts),
    ...(announcement ? [element('p', {}, announcement.text)] : []),
    element('a', { href: policy_url }, texts.policy),
    ...answers(question, decide),
    button('choose', texts.choose, choose),
  );
  if (look.logo) layer.prepend(element('img', { src: look.logo, alt: name }));
  for (const made of layer.querySelectorAll('button')) made.slot = 'buttons';
  const root = layer.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [important(css)];
  root.append(
    element('div', { class: 'words' }, element('slot', {})),
    element('div', { class: 'buttons' }, element('slot', { name: 'buttons' })),
  );
  return layer;
}
