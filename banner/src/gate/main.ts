// The gate: runs on every page, before the tags, and blocks nothing.

import type { Samtykke } from './api.js';
import { setDefaults, update } from './consent-mode.js';
import { on } from './events.js';
import { gate, releaseAll } from './gate.js';
import { DECLARATION, watch } from './marks.js';
import type { Layer } from './notice.js';
import { base, config, MINOR } from './own.js';

let notice: Promise<Response> | undefined;

// A second copy of the script does nothing.
if (!window.samtykke) run();

function run() {
  const { choice, granted, call } = gate;
  const samtykke: Samtykke = {
    get choice() {
      return choice();
    },
    get receipt() {
      return gate.receipt;
    },
    granted,
    open: () => show(2),
    grantAll: () => call('set', 'granted'),
    denyAll: () => call('set', 'denied'),
    set: (given) => call('set', given),
    minor() {
      document.documentElement.setAttribute(MINOR, '');
      return call('resume');
    },
    on,
  };
  for (const extra of config.extras) extra(gate, samtykke);
  // Before all else, so that it comes while the rest is done.
  if (config.purposes.length && !(choice() && gate.heeded())) show(1);
  Object.defineProperty(window, 'samtykke', { value: Object.freeze(samtykke) });

  setDefaults();
  if (choice()) update(granted);
  release();
  watch(release);
  if (gate.stored?.pending) call('resume');

  document.addEventListener('click', (event) => {
    if (!(event.target as Element).closest?.('[data-samtykke=open]')) return;
    event.preventDefault();
    show(2);
  });
  addEventListener('pageshow', ({ persisted }) => persisted && catchUp());
  document.addEventListener('visibilitychange', catchUp);
}

/**
 * Also has words put where frames and films of this page are held, for somebody who said no, and where the page declares. Whoever
 * has not answered is asked already.
 */
function release() {
  releaseAll();
  if (!notice && document.querySelector(gate.heldEmbed + DECLARATION)) show(0);
}

/** The notice is asked for beside the module that shows it. */
function show(layer: Layer) {
  notice ??= fetch(`${base}/v1/sites/${config.site}/notice?layer=${layer}&lang=${document.documentElement.lang}`);
  // The module hears of it, once it is here.
  notice.catch(() => {});
  gate.call('open', layer, notice);
}

/** Another tab, or another page before this one was restored, may have answered. */
function catchUp() {
  const id = gate.read()?.id;
  if (id && id !== gate.stored?.id) gate.call('resume');
}
