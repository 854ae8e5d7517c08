// The live panel beside the shop. It watches from outside, with what every page has: `window.samtykke`, its event, the marks
// in the document, the scripts that the browser loaded, and what the collectors say they got.

import './shop/cart.js';
import { showChoice, showCookies } from './shop/choice.js';
import { element } from './shop/element.js';
import { pollHits } from './shop/hits.js';
import { log, logView, opened } from './shop/log.js';
import { receiptView } from './shop/receipt.js';
import { watchTags } from './shop/tags.js';
import { inWords, t } from './shop/texts.js';

document.getElementById('live').replaceChildren(
  element('h2', {}, t.title),
  element('p', { class: 'hint' }, t.hint),
  logView(),
  element('section', { class: 'facts' },
    element('h3', {}, t.choice),
    element('dl', { id: 'choice' }),
    element('h3', {}, t.cookies),
    element('ul', { id: 'cookies' }),
  ),
  receiptView(),
);

const [navigation] = performance.getEntriesByType('navigation');
log({ kind: 'page', name: 'page', detail: navigation?.type === 'reload' ? t.reloaded : location.pathname, at: opened });
if (!window.samtykke) log({ kind: 'blocked', name: 'banner', detail: t.blockedDetail });

document.addEventListener('samtykke:change', ({ detail }) => {
  log({ kind: 'choice', name: 'choice', detail: detail ? inWords(detail) : t.lost });
  showChoice();
});

showChoice();
showCookies();
watchTags();
pollHits();
setInterval(showCookies, 1000);
