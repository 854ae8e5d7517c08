// The receipt of the last answer, and what it opens: the visitor's own history, and its erasure.

import { element } from './element.js';
import { log } from './log.js';
import { locale, t } from './texts.js';

const HISTORY = '/v1/sites/shop/visitors/me';

// Kept in memory alone: who holds it may read and erase.
let capability;

const facts = element('dl', { id: 'receipt' });
const none = element('p', { class: 'hint' }, t.noReceipt);
const status = element('p', { id: 'history-status', role: 'status' });
const list = element('ol', { id: 'history' });
const buttons = element('div', { class: 'row', hidden: '' },
  button('history-show', t.history, showHistory),
  button('history-erase', t.erase, eraseHistory),
);

export function receiptView() {
  // A receipt may have come before this script did.
  if (window.samtykke?.receipt) show(window.samtykke.receipt);
  window.samtykke?.on('receipt', show);
  return element('section', {}, element('h3', {}, t.receipt), none, facts, buttons, status, list);
}

function show({ record, jws, capability: key }) {
  capability = key;
  const [header, , signature] = jws.split('.');
  const kid = JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/'))).kid;
  none.hidden = true;
  buttons.hidden = false;
  facts.replaceChildren(
    fact('record', t.record, short(record.id)),
    fact('recorded', t.recorded, when(record.created_at)),
    fact('notice', t.notice, t.numbered(record.notice.number, short(record.notice.hash))),
    fact('kid', t.key, short(kid)),
    fact('signature', t.signature, short(signature)),
  );
  log({ kind: 'receipt', name: 'receipt', detail: short(signature) });
}

async function showHistory() {
  const { consents } = await ask('GET');
  status.textContent = t.listed(consents.length);
  list.replaceChildren(...consents.map(({ record, leaf }) =>
    element('li', { 'data-action': record.action }, `${t.actions[record.action]}, ${when(record.created_at)} `,
      element('code', {}, short(record.id)), ' ',
      // From about a second after the answer on.
      ...(leaf === undefined ? [] : [element('a', { href: `/ledger/proof/${leaf}` }, t.leaf(leaf))]),
    ),
  ));
}

async function eraseHistory() {
  const { erased } = await ask('DELETE');
  status.textContent = t.erased(erased);
  list.replaceChildren();
}

async function ask(method) {
  const answer = await fetch(HISTORY, { method, headers: { Authorization: `Bearer ${capability}` } });
  if (!answer.ok) throw new Error(`${method} ${HISTORY}: ${answer.status}`);
  return answer.json();
}

function button(id, text, run) {
  const made = element('button', { id, type: 'button' }, text);
  made.addEventListener('click', () =>
    run().catch((error) => {
      console.warn(error);
      status.textContent = t.failed;
    }),
  );
  return made;
}

function fact(id, name, value) {
  return element('div', {}, element('dt', {}, name), element('dd', { id: `receipt-${id}` }, value));
}

const short = (text) => (text.length > 13 ? `${text.slice(0, 12)}…` : text);
const when = (ms) => new Date(ms).toLocaleString(locale);
