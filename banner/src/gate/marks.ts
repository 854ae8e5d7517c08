// The marks in the page: <script type="text/plain" data-purpose>, <iframe data-src data-purpose>, <img data-src data-purpose>.
// The document itself remembers what is still held: whatever these selectors find.

const HELD = 'script[type="text/plain"][data-purpose],[data-src][data-purpose]';
const RELEASED = '[src][data-purpose]:not([data-src]):not(script)';

type Mark = HTMLScriptElement | HTMLIFrameElement | HTMLImageElement;

export interface Marks {
  /** Releases, in document order, what is allowed now. */
  release(): void;
  /** Empties the frames and images that are no longer allowed; answers whether a script ran that cannot be taken back. */
  hold(): boolean;
}

export function watch(allowed: (purpose: string) => boolean): Marks {
  const ran = new Set<string>();
  let waiting = false;

  function release() {
    if (waiting) return;
    for (const mark of document.querySelectorAll<Mark>(HELD)) {
      const { purpose = '', src = '' } = mark.dataset;
      if (!allowed(purpose)) continue;
      if (mark instanceof HTMLScriptElement) {
        ran.add(purpose);
        const script = released(mark);
        waiting = blocksNext(script);
        if (waiting) script.onload = script.onerror = goOn;
        mark.replaceWith(script);
        if (waiting) return;
      } else {
        // A frame that is given its address while the page is being parsed stays empty in Chromium; a new one loads.
        const full = mark.cloneNode(true) as typeof mark;
        full.src = src;
        delete full.dataset.src;
        mark.replaceWith(full);
      }
    }
  }

  function goOn() {
    waiting = false;
    release();
  }

  function hold() {
    for (const mark of document.querySelectorAll<HTMLIFrameElement | HTMLImageElement>(RELEASED)) {
      if (allowed(mark.dataset.purpose ?? '')) continue;
      const empty = mark.cloneNode(true) as typeof mark;
      empty.dataset.src = mark.src;
      empty.removeAttribute('src');
      mark.replaceWith(empty);
    }
    return [...ran].some((purpose) => !allowed(purpose));
  }

  new MutationObserver((records) => {
    if (records.some((record) => Array.from(record.addedNodes).some(holdsMark))) release();
  }).observe(document, { childList: true, subtree: true });

  return { release, hold };
}

function holdsMark(node: Node): boolean {
  return node instanceof Element && (node.matches(HELD) || !!node.querySelector(HELD));
}

/** A script that was once plain text never runs: the copy does. */
function released(mark: HTMLScriptElement): HTMLScriptElement {
  const script = document.createElement('script');
  for (const { name, value } of mark.attributes) {
    if (name !== 'type') script.setAttribute(name, value);
  }
  if (mark.dataset.type) script.type = mark.dataset.type;
  // Browsers hide a nonce from its attribute.
  script.nonce = mark.nonce;
  // Not `mark.async`: it is true for every script that did not run when the page had it parsed.
  script.async = mark.hasAttribute('async');
  script.text = mark.text;
  return script;
}

/** Only a script that is sure to load or to fail may keep the others waiting. */
function blocksNext({ src, type, async, noModule }: HTMLScriptElement): boolean {
  return !!src && !type && !async && !noModule;
}
