// The present choice, and the cookies that the page can see.

import { element } from './element.js';
import { t } from './texts.js';

export function showChoice() {
  const choice = window.samtykke?.choice;
  const rows = Object.entries(t.purposes).map(([purpose, name]) => {
    const state = purpose === 'necessary' ? 'always' : (choice?.[purpose] ?? 'none');
    return element('div', { 'data-purpose': purpose, 'data-state': state },
      element('dt', {}, name),
      element('dd', {}, t.states[state]),
    );
  });
  document.getElementById('choice').replaceChildren(...rows);
}

let shown;

export function showCookies() {
  if (shown === document.cookie) return;
  shown = document.cookie;
  const names = shown.split('; ').filter(Boolean).map((pair) => pair.split('=')[0]).sort();
  const items = names.map((name) => element('li', { 'data-cookie': name }, element('code', {}, name)));
  if (!items.length) items.push(element('li', { class: 'none' }, t.noCookies));
  document.getElementById('cookies').replaceChildren(...items);
}
