// Holds the visitor's answer, and the page to it. Whatever is unknown is denied.

import type { Receipt } from './api.js';
import type { Choice, Config, Method, Service } from './config.js';
import * as consentMode from './consent-mode.js';
import { holds, pageOf, read, type Stored, write } from './cookie.js';
import { deleteCookies } from './cookies.js';
import { emit } from './events.js';
import { watch } from './marks.js';
import type { Gate, Notice } from './notice.js';
import { type Outcome, sender } from './send.js';
import { type Silence, start } from './services.js';
import { uuid } from './uuid.js';

export interface OpenGate extends Gate {
  granted(purpose: string): boolean;
  receipt(): Receipt | null;
  /** Starts what an earlier answer allows. */
  start(): void;
}

export function openGate(config: Config, address: string): OpenGate {
  const { site, purposes, services } = config;
  const running = new Map<Service, Silence>();
  let stored = read(site);
  let receipt: Receipt | null = null;

  const choice = () => (stored && holds(stored, config, Date.now()) ? stored.choice : null);
  const granted = (purpose: string) =>
    purpose === 'necessary' || (purposes.includes(purpose) && choice()?.[purpose] === 'granted');

  const marks = watch(granted);
  const { send, retry } = sender(
    (body) => fetch(address, { method: 'POST', body, keepalive: true, credentials: 'omit' }),
    settle,
    setTimeout,
  );

  function release() {
    for (const service of services) {
      if (granted(service.purpose) && !running.has(service)) running.set(service, start(service));
    }
    marks.release();
  }

  /** Silences what is not granted; answers whether only a new page can. */
  function silence(): boolean {
    let stuck = marks.hold();
    for (const [service, silenceIt] of running) {
      if (granted(service.purpose)) continue;
      silenceIt();
      stuck ||= !!service.reload;
    }
    return stuck;
  }

  /** Holds the page to a new answer; answers whether only a new page can. */
  function apply(): boolean {
    consentMode.update(granted);
    const stuck = silence();
    deleteCookies(services, granted);
    consentMode.push({ event: 'samtykke_change', samtykke: choice() });
    emit('change', choice());
    return stuck;
  }

  function decide(method: Method, answers: Choice, shown?: Notice) {
    // Another tab may have answered since.
    const former = read(site) ?? stored;
    const now = Date.now();
    stored = {
      notice: (shown ?? config).notice,
      visitor: former?.visitor ?? uuid(now),
      id: uuid(now),
      chosenAt: now,
      choice: Object.freeze(answers),
      method,
      language: shown?.language,
      previous: former?.id,
      page: pageOf(location.pathname),
    };
    write(config, stored);
    const stuck = apply();
    send(stored);
    if (stuck) location.reload();
    // The click is painted first.
    else setTimeout(release);
  }

  function settle(sent: Stored, outcome: Outcome) {
    const kept = read(site)?.id === sent.id;
    if (outcome !== 'refused') {
      if (kept) write(config, { ...sent, method: undefined });
    } else if (stored?.id === sent.id) {
      // What cannot be proved does not hold. No reload: a script that answers on every page would never stop.
      stored = null;
      if (kept) write(config, null);
      apply();
    }
    if (typeof outcome === 'object') {
      receipt = outcome;
      emit('receipt', receipt);
    }
  }

  consentMode.setDefaults();
  if (choice()) consentMode.update(granted);

  return {
    choice,
    granted,
    receipt: () => receipt,
    decide,
    start() {
      if (choice()) deleteCookies(services, granted);
      release();
      if (stored?.method) send(stored);
      addEventListener('online', retry);
    },
  };
}
