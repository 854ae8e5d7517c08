// The marks in the page: <script type="text/plain" data-purpose>, <iframe data-src data-purpose>, and so every element that
// loads something: its data-src, data-srcset, data-href or data-poster waits. `data-service` names a service instead.
// The document itself remembers what is still held: whatever this selector finds.

import { nonce, trusted } from './own.js';

const NAMED = ':is([data-purpose],[data-service])';
const ATTRIBUTES = ['src', 'srcset', 'href', 'poster'];
const HELD = `script[type="text/plain"]${NAMED},:is([data-${ATTRIBUTES.join('],[data-')}])${NAMED}`;

/** What a page has the panel's module fill besides, for whoever has answered too; it begins with a comma. */
export const DECLARATION = ',samtykke-declaration';

/** Those that a visitor misses. */
export const HELD_EMBED = `:is(iframe,video,audio):is(${HELD})`;

/** Names whose scripts ran: they cannot be taken back. */
export const ran = new Set<string>();
/** What was released → what stood there before. */
export const shown = new Map<HTMLElement, HTMLElement>();
let waiting = false;

export const nameOf = ({ dataset }: HTMLElement) => dataset.service ?? dataset.purpose ?? '';

/** Releases the first, in document order, that is allowed now; answers whether there was one. */
export function releaseOne(granted: (name: string) => boolean, goOn: () => void): boolean {
  for (const mark of document.querySelectorAll<HTMLElement>(HELD)) {
    if (waiting) break;
    if (!granted(nameOf(mark))) continue;
    if (!(mark instanceof HTMLScriptElement)) {
      show(mark);
      return true;
    }
    // The policy of this page trusts what carries its nonce. Markup that crept in does not, and is not lent ours.
    if (nonce && nonce !== mark.nonce) continue;
    ran.add(nameOf(mark));
    // A script that was once plain text never runs, nor does its clone: one that is made anew does.
    const script = document.createElement('script');
    for (const { name, value } of mark.attributes) {
      if (!/^(type|src)$/.test(name)) script.setAttribute(name, value);
    }
    // Browsers hide it from the attribute.
    script.nonce = mark.nonce;
    script.type = mark.dataset.type ?? '';
    // Not `mark.async`: it is true for every script that did not run when the page had it parsed.
    script.async = mark.hasAttribute('async');
    script.text = trusted().createScript(mark.text);
    if (mark.src) script.src = trusted().createScriptURL(mark.src);
    // Only a script that is sure to load or to fail may keep the others waiting.
    waiting = !!script.src && !script.type && !script.async && !script.noModule;
    if (waiting) {
      script.onload = script.onerror = () => {
        waiting = false;
        goOn();
      };
    }
    mark.replaceWith(script);
    return true;
  }
  return false;
}

/** Lets one element load that is no script. A frame that is given its address while the page is being parsed stays empty in Chromium; a new one loads. */
export function show(mark: HTMLElement): void {
  const full = mark.cloneNode(true) as HTMLElement;
  for (const name of ATTRIBUTES) {
    const value = full.dataset[name];
    if (value == null) continue;
    full.setAttribute(name, value);
    delete full.dataset[name];
  }
  shown.set(full, mark);
  mark.replaceWith(full);
}

/** Calls for whatever is added to the page, by its own mark-up, a script or `document.write`. */
export function watch(found: () => void): void {
  const looked = HELD + DECLARATION;
  // Texts and comments have neither.
  const isMark = (node: Partial<Element>) => node.matches?.(looked) || node.querySelector?.(looked);
  new MutationObserver((records) => {
    if (records.some(({ addedNodes }) => Array.from(addedNodes as NodeListOf<Element>).some(isMark))) found();
  }).observe(document, { childList: true, subtree: true });
}
