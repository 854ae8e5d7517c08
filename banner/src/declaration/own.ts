// The visitor's own: the present choice, and what can be done about it.

import type { Stored } from '../gate/cookie.js';
import type { Gate, Notice } from '../gate/notice.js';
import { button } from '../panel/buttons.js';
import { element } from '../panel/element.js';
import { fill } from '../panel/words.js';
import { past, when } from './history.js';
import type { Part } from './part.js';
import { eraseAt, historyAt, receiptAt } from './proof.js';

export function own(gate: Gate, notice: Notice): Part {
  const { texts, language, controller, site } = notice;
  let asking = false;

  /** One wish at a time. What fails is said, and changes nothing. */
  async function ask(wish: (stored: Stored) => Promise<string>) {
    const { stored } = gate;
    if (asking || !stored) return;
    asking = true;
    status.textContent = '';
    try {
      status.textContent = await wish(stored);
    } catch (error) {
      console.warn('samtykke', error);
      status.textContent = texts.failed;
    }
    asking = false;
  }

  const state = element('p', {});
  const change = button('change', texts.change, () => window.samtykke.open());

  const download = button('download', texts.download, () =>
    ask(async (stored) => {
      const receipt = await receiptAt(gate, stored);
      if (!receipt) throw new Error('no receipt');
      save(receipt, `samtykke-${site}-${stored.id}.json`);
      return '';
    }),
  );

  const list = element('ul', { id: 'history', role: 'list' });
  const history = button('history', texts.history, () => {
    if (!list.hidden) return fold(true);
    return ask(async (stored) => {
      const consents = await historyAt(gate, stored);
      list.replaceChildren(...consents.reverse().map(({ record }) => past(notice, record)));
      fold(false);
      return '';
    });
  });
  history.setAttribute('aria-controls', list.id);

  const sure = element('p', { id: 'sure', tabindex: '-1' }, fill(texts.forget_sure, { controller }));
  const forget = button('forget', texts.forget, () => {
    question.hidden = false;
    sure.focus();
  });
  const yes = button('forget_yes', texts.forget_yes, ({ isTrusted }) => {
    if (isTrusted)
      ask(async (stored) => {
        await eraseAt(gate, stored);
        // Whoever answered again meanwhile is forgotten with that.
        if (gate.stored && gate.stored.id !== stored.id) await eraseAt(gate, gate.stored);
        gate.receipt = null;
        gate.permitted = [];
        gate.withoutCookies = false;
        await gate.call('adopt', null);
        change.focus();
        return texts.forgotten;
      });
  });
  const no = button('forget_no', texts.forget_no, () => {
    question.hidden = true;
    forget.focus();
  });
  const question = element(
    'div',
    { class: 'question', role: 'group', 'aria-labelledby': sure.id },
    sure,
    element('div', { class: 'buttons' }, yes, no),
  );

  // Stays where it is: a screen reader only speaks of a status that was there, empty, before.
  const status = element('p', { role: 'status' });

  function fold(hidden: boolean) {
    list.hidden = hidden;
    history.setAttribute('aria-expanded', String(!hidden));
  }

  function refresh() {
    const { stored } = gate;
    state.replaceChildren(...(stored && gate.choice() ? chosen(stored) : [texts.no_choice]));
    // An answer that holds no longer has a history too.
    // Nor has this device, of somebody who is logged in.
    for (const wish of [download, history, forget]) wish.hidden = !stored?.visitor || !!gate.account;
    question.hidden = true;
    fold(true);
    status.textContent = '';
  }

  /** The number reads from left to right in every language. */
  function chosen({ chosenAt, id }: Stored): (Node | string)[] {
    const [before = '', after = ''] = fill(texts.chosen, { date: when(chosenAt, language) }).split('{receipt}');
    return [before, element('bdi', { dir: 'ltr' }, id), after];
  }

  const content = element(
    'section',
    {},
    element('h3', {}, texts.your_choice),
    state,
    element('div', { class: 'buttons' }, change, download, history, forget),
    question,
    status,
    list,
  );
  refresh();
  return { content, refresh };
}

/** Hands a file to the visitor. */
function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  // Some browsers read it a little later.
  setTimeout(() => URL.revokeObjectURL(url), 6e4);
}
