// The list of what happened, in the order of time.

import { element } from './element.js';
import { locale, t } from './texts.js';

const LONGEST = 200;
const ICONS = {
  page: '○', blocked: '!', choice: '✓', held: '‖', released: '▸', stopped: '×', sent: '↑', receipt: '§',
};

/** When this page was opened, in unix ms by the clock on the wall, as the collectors count. */
export const opened = Date.now() - performance.now();

const list = element('ol', { id: 'log' });
const frame = element('div', { class: 'frame', role: 'log', tabindex: '0', 'aria-labelledby': 'log-title' }, list);

export function logView() {
  const clear = element('button', { id: 'clear', type: 'button' }, t.clear);
  clear.addEventListener('click', async () => {
    list.replaceChildren();
    await fetch('/demo/hits', { method: 'DELETE' }).catch(() => {});
  });
  return element('section', {},
    element('div', { class: 'row' }, element('h3', { id: 'log-title' }, t.events), clear),
    frame,
    element('p', { class: 'hint' }, t.everyone),
  );
}

/** Adds an entry where its time has it, since the collectors tell theirs late. */
export function log({ kind, name, detail, at = Date.now() }) {
  const time = new Date(at);
  const entry = element('li', { class: kind, 'data-kind': kind, 'data-name': name, 'data-at': at },
    element('span', { class: 'icon', 'aria-hidden': 'true' }, ICONS[kind]),
    element('span', { class: 'what' },
      element('strong', {}, t.kinds[kind]), ' ', t.names[name] ?? name, ' ',
      element('span', { class: 'detail' }, detail),
    ),
    ' ',
    element('time', { datetime: time.toISOString() }, time.toLocaleTimeString(locale)),
  );
  let before = list.lastElementChild;
  while (before && Number(before.dataset.at) > at) before = before.previousElementSibling;
  if (before) before.after(entry);
  else list.prepend(entry);
  if (list.childElementCount > LONGEST) list.firstElementChild.remove();
  frame.scrollTop = frame.scrollHeight;
}
