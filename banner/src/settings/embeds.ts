// Stands in for the frames and films that are held: says what would load from whom, and lets it load this once or always.
// The held element keeps its place and its size; the placeholder lies over it and moves nothing.

import type { Choice } from '../gate/config.js';
import type { Gate, Notice, NoticeService } from '../gate/notice.js';
import { button } from '../panel/buttons.js';
import { element } from '../panel/element.js';
import { sheetOf } from '../panel/sheet.js';
import { fill } from '../panel/words.js';
import { complete } from './complete.js';
import css from './embed.css';

/** Below this, in pixels, there is no room for words: such a frame is not there to be seen. */
const SMALLEST = { width: 150, height: 80 };
const DRAWN = 'data-samtykke-embed';

const sheet = sheetOf(css);
let drawing = false;

/** Draws them from now on. `always` takes the choice of somebody who wants them every time. */
export function embeds(gate: Gate, notice: Notice, always: (choice: Choice) => void): void {
  if (drawing) return;
  drawing = true;
  const held = gate.heldEmbed;
  const rules = sheetOf(
    `samtykke-embed{display:none}` +
      `${held}[${DRAWN}]{visibility:hidden!important}` +
      `${held}[${DRAWN}]+samtykke-embed{display:block;position:absolute}`,
  );
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, rules];

  const draw = () => {
    for (const mark of document.querySelectorAll<HTMLElement>(`${held}:not([${DRAWN}])`)) {
      const name = gate.nameOf(mark);
      if (isOffered(gate, name)) stand(mark, placeholder(gate, notice, mark, always));
    }
  };
  draw();
  new MutationObserver(draw).observe(document, { childList: true, subtree: true });
}

/** What nobody is asked about cannot be said yes to, nor can advertising by a minor. */
function isOffered({ config, isMinor, purposeOf }: Gate, name: string): boolean {
  const purpose = purposeOf(name);
  return config.purposes.includes(purpose) && !(purpose === 'advertising' && isMinor());
}

function stand(mark: HTMLElement, host: HTMLElement): void {
  mark.setAttribute(DRAWN, '');
  mark.after(host);
  const fit = () => {
    const { width, height, left, top } = mark.getBoundingClientRect();
    const fits = width >= SMALLEST.width && height >= SMALLEST.height;
    host.style.cssText = `width:${width}px;height:${height}px;${fits ? '' : 'display:none'}`;
    const own = host.getBoundingClientRect();
    host.style.translate = `${left - own.left}px ${top - own.top}px`;
  };
  // Before it is painted for the first time, and whenever the element changes its size.
  fit();
  new ResizeObserver(fit).observe(mark);
}

function placeholder(gate: Gate, notice: Notice, mark: HTMLElement, always: (choice: Choice) => void): HTMLElement {
  const { texts, purposes, language, look } = notice;
  const name = gate.nameOf(mark);
  const purpose = purposes.find(({ id }) => id === gate.purposeOf(name));
  const service = serviceOf(name, purpose?.services ?? []);
  // Unlike a URL, a link takes an address that is none: its host is empty then.
  const { hostname } = element('a', { href: mark.dataset.src ?? '' });
  const words = { name: service?.name ?? hostname, vendor: service?.vendor ?? hostname, host: hostname };

  const may = ({ isTrusted }: MouseEvent) => isTrusted && isOffered(gate, name);
  const once = (click: MouseEvent) => may(click) && gate.show(mark);
  const forever = (click: MouseEvent) => may(click) && always(complete(gate, { [name]: 'granted' }));
  const box = element(
    'div',
    { class: 'box', role: 'group', 'aria-label': mark.title || words.name, lang: language, dir: 'auto' },
    element('p', {}, fill(texts.embed, words)),
    element('p', {}, purpose?.name ?? ''),
    element('div', {}, button('once', texts.once, once), button('always', texts.always, forever)),
  );
  box.classList.add(look.theme);
  const host = document.createElement('samtykke-embed');
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [sheet];
  root.append(box);
  return host;
}

/** The service that a mark names, or the only one of its purpose. */
function serviceOf(name: string, services: readonly NoticeService[]): NoticeService | undefined {
  return services.find(({ id }) => id === name) ?? (services.length === 1 ? services[0] : undefined);
}
