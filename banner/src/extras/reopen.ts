// A round button in a corner that opens the settings, for sites without a link of their own. It comes once there is an answer. A
// visitor moves it to the other side by dragging, by the arrow keys, or by the small button beside it; where it is, is not kept.

import type { Gate } from '../gate/notice.js';
import { element } from '../panel/element.js';
import { sheetOf } from '../panel/sheet.js';
import { directionOf } from '../panel/words.js';
import css from './reopen.css';

/** What the service tells it: language → what the two buttons are called; the first is the site's own language. */
export interface Reopening {
  readonly side: 'start' | 'end';
  readonly words: readonly (readonly [language: string, open: string, move: string])[];
}

/** A shorter movement is an unsteady click. */
const DRAG_PX = 8;

/** As the service hears them: see server/texts.rs. */
const SAME: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb', nb: 'nn', zh: 'zh-hans', iw: 'he' };

export function start(gate: Gate, { side, words }: Reopening): void {
  const wanted = document.documentElement.lang.toLowerCase();
  const of = (tag: string) => words.find(([language]) => language.toLowerCase() === tag);
  const primary = wanted.replace(/-.*/, '');
  const [language, open, move] = of(wanted) ?? of(primary) ?? of(SAME[primary] ?? '') ?? words[0] ?? ['', '', ''];
  const host = element('samtykke-button' as 'div', { lang: language, dir: directionOf(language), side });
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [sheetOf(css)];

  const opener = element('button', { type: 'button', name: 'open', 'aria-label': open, title: open });
  const mover = element('button', { type: 'button', name: 'move', 'aria-label': move, title: move }, '⇄');
  const icon = element('span', { 'aria-hidden': 'true' });
  opener.append(icon);
  root.append(opener, mover);

  const put = (to: string) => host.setAttribute('side', to);
  const other = () => (host.getAttribute('side') === 'start' ? 'end' : 'start');
  /** The side that lies to the left or the right. */
  const at = (left: boolean) => (left === (host.dir === 'ltr') ? 'start' : 'end');
  let from: number | undefined;
  let dragged = false;
  opener.onpointerdown = ({ clientX, pointerId }) => {
    from = clientX;
    dragged = false;
    opener.setPointerCapture(pointerId);
  };
  opener.onpointermove = ({ clientX }) => {
    if (from === undefined) return;
    dragged ||= Math.abs(clientX - from) > DRAG_PX;
    if (dragged) host.style.translate = `${clientX - from}px`;
  };
  const drop = () => {
    from = undefined;
    host.style.translate = '';
    // After the click that a mouse makes of it, and a finger does not.
    setTimeout(() => {
      dragged = false;
    });
  };
  opener.onpointerup = ({ clientX }) => {
    if (dragged) put(at(clientX < innerWidth / 2));
    drop();
  };
  opener.onpointercancel = drop;
  opener.onclick = () => {
    if (!dragged) window.samtykke.open();
  };
  host.onkeydown = ({ key }) => {
    if (key === 'ArrowLeft' || key === 'ArrowRight') put(at(key === 'ArrowLeft'));
  };
  mover.onclick = () => put(other());

  const stand = () => {
    if (gate.choice() && !host.isConnected) document.body?.append(host);
  };
  stand();
  document.addEventListener('DOMContentLoaded', stand);
  document.addEventListener('samtykke:change', stand);
}
