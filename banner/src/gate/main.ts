// The gate: runs on every page, before the tags, and blocks nothing.

import type { Samtykke } from './api.js';
import { all, complete } from './choice.js';
import type { Config } from './config.js';
import { on } from './events.js';
import { openGate } from './gate.js';
import { base } from './own.js';
import { panelOf } from './show.js';

/** The service writes the site's configuration here. */
declare const __SAMTYKKE_CONFIG__: Config;

// A second copy of the script does nothing.
if (!window.samtykke) run(__SAMTYKKE_CONFIG__);

function run(config: Config) {
  const { site, purposes } = config;
  const gate = openGate(config, `${base}/v1/sites/${site}/consents`);
  const show = panelOf(gate, config);

  const samtykke: Samtykke = {
    get choice() {
      return gate.choice();
    },
    get receipt() {
      return gate.receipt();
    },
    granted: gate.granted,
    open: () => show(2),
    grantAll: () => gate.decide('api', all(purposes, 'granted')),
    denyAll: () => gate.decide('api', all(purposes, 'denied')),
    set: (choice) => gate.decide('api', complete(purposes, choice, gate.choice())),
    on,
  };
  Object.defineProperty(window, 'samtykke', { value: Object.freeze(samtykke) });

  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || !event.target.closest('[data-samtykke="open"]')) return;
    event.preventDefault();
    show(2);
  });

  gate.start();
  if (purposes.length && !gate.choice()) show(1);
}
