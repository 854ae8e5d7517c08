// Says when a tag is held, released or stopped. The services of the site file are seen by what the browser loads for them,
// the marks by what the document holds.

import { log, opened } from './log.js';
import { t } from './texts.js';

const SERVICES = [
  { name: 'ga', purpose: 'analytics', path: '/demo/ga/gtag.js' },
  { name: 'matomo', purpose: 'analytics', path: '/demo/matomo/matomo.js' },
  { name: 'piwik', purpose: 'analytics', path: '/demo/piwik/piwik.js' },
  { name: 'pixel', purpose: 'advertising', path: '/demo/pixel.gif' },
];

/** Name → held, released or stopped. */
const states = new Map();
const granted = (purpose) => !!window.samtykke?.granted(purpose);

const DETAILS = { held: t.waitsFor, released: t.allowedBy, stopped: t.stoppedBy };

function turn(name, purpose, kind, at) {
  if (states.get(name) === kind) return;
  states.set(name, kind);
  log({ kind, name, detail: DETAILS[kind](t.purposes[purpose]), at });
}

export function watchTags() {
  for (const { name, purpose } of SERVICES) {
    if (!granted(purpose)) turn(name, purpose, 'held');
  }
  new PerformanceObserver((entries) => entries.getEntries().forEach(seen)).observe({ type: 'resource', buffered: true });

  checkMarks();
  const marks = { childList: true, subtree: true, attributeFilter: ['src', 'data-src'] };
  new MutationObserver(checkMarks).observe(document.querySelector('main'), marks);
  document.addEventListener('samtykke:change', checkServices);
}

function seen(resource) {
  const { pathname } = new URL(resource.name);
  const service = SERVICES.find(({ path }) => path === pathname);
  if (service) turn(service.name, service.purpose, 'released', opened + resource.startTime);
}

function checkServices() {
  for (const { name, purpose } of SERVICES) {
    const state = states.get(name);
    if (state === 'released' && !granted(purpose)) turn(name, purpose, 'stopped');
    // What was stopped stays so on this page: a tag cannot be told to begin again.
    if (state === 'stopped' && granted(purpose)) {
      states.set(name, 'held');
      log({ kind: 'held', name, detail: t.nextPage });
    }
  }
}

function checkMarks() {
  for (const mark of document.querySelectorAll('[data-purpose][data-name]')) {
    const held = mark.type === 'text/plain' || 'src' in mark.dataset;
    turn(mark.dataset.name, mark.dataset.purpose, held ? 'held' : 'released');
  }
}
