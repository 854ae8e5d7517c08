// Takes an answer: keeps it, holds the page to it, and brings it to the service.

import type { Choice, Method } from '../gate/config.js';
import type { Stored } from '../gate/cookie.js';
import { emit } from '../gate/events.js';
import type { Gate, Question } from '../gate/notice.js';
import { isWhole, noticeOf } from './ask.js';
import { pageOf, write } from './keep.js';
import { type Outcome, sender } from './send.js';
import { settingsOf } from './settings.js';
import { after, uuid } from './uuid.js';

export interface Answering {
  /** Takes a complete choice, and the notice that it answers. Settles when nothing is left of what it denies. */
  decide(method: Method, choice: Choice, shown?: Question): Promise<void>;
  /** Lets an answer stand that was given before the browser sent its signal. */
  confirm(): void;
  /** Takes up what was answered elsewhere, and what a page before this one could not finish. */
  resume(anew?: boolean): Promise<void>;
  /** Takes an answer that was given elsewhere; null takes none, and forgets what waits to be sent. */
  adopt(answer: Stored | null): Promise<void>;
  /** Takes what runs here before an answer. */
  permit(silence: readonly string[], cookieless: boolean): void;
  /** Remembers that the visitor was told of a change that is to come. */
  told(shown: Question): void;
}

export function answering(gate: Gate): Answering {
  const { config, base, granted, running, shown } = gate;
  const { site, services, domains } = config;
  const address = `${base}/v1/sites/${site}`;
  // The service sets the cookie itself where both stand beneath a domain of the site.
  const hosts = [location.hostname, new URL(base, location.href).hostname];
  const shares = domains?.some((domain) => hosts.every((host) => `.${host}`.endsWith(`.${domain}`)));
  const credentials = shares ? 'include' : 'same-origin';
  const { send, drop, retry } = sender(
    (body, signal, { session }) =>
      fetch(`${address}/${session ? 'logins/' : ''}consents`, {
        method: 'POST',
        body,
        keepalive: true,
        credentials,
        signal,
      }),
    settle,
    setTimeout,
  );
  addEventListener('online', retry);

  async function decide(method: Method, answers: Choice, shown?: Question) {
    await gate.held;
    // Another tab may have answered since.
    const last = gate.read() ?? gate.stored;
    const now = Date.now();
    const given = Object.entries(answers).map(([name, answer]) => [
      name,
      gate.isMinor() && gate.purposeOf(name) === 'advertising' ? 'denied' : answer,
    ]);
    const choice: Choice = Object.freeze(Object.fromEntries(given));
    const lasts = Object.values(choice).includes('granted') ? 'yes_days' : 'no_days';
    gate.stored = {
      notice: (shown ?? config).notice,
      visitor: last?.visitor || uuid(now),
      // Later than the one before, since the latest counts: see ../gate/cookie.ts.
      id: uuid(Math.max(now, after(last?.id || '0'))),
      chosenAt: now,
      days: shown ? shown[lasts] : config.days,
      choice,
      pending: [method, shown && languageOf(shown), last?.id, pageOf(location.pathname)].join('.'),
      control: !!navigator.globalPrivacyControl,
      // What is announced stands beside the two answers.
      told: (/_all/.test(method) && dayOf(shown)) || (last?.told ?? ''),
      session: gate.account?.session,
    };
    write(config, gate.stored);
    const stuck = apply();
    send(gate.stored);
    if (!stuck) follow(stuck);
    // All that it takes is here when the answer comes from the settings; otherwise a new page sees to it itself.
    if (!stuck || (shown && isWhole(shown))) await tidy();
    if (stuck) follow(stuck);
  }

  /** Says more of the answer that holds. Another tab may have answered since, and nothing is to come in the place of that. */
  function amend(more: Partial<Stored>) {
    const kept = gate.read();
    if (!kept || kept.id !== gate.stored?.id) return;
    gate.stored = { ...kept, ...more };
    write(config, gate.stored);
  }

  /** Where everything is granted there is nothing to delete, and nothing to ask for. */
  async function tidy() {
    if (!services.every(({ id }) => granted(id))) (await settingsOf(gate)).clean(gate, await noticeOf(gate));
  }

  /** Holds the page to a new answer; answers whether only a new page can. */
  function apply(): boolean {
    gate.update(granted);
    let stuck = hold();
    for (const [service, [tell, told]] of running) {
      if (granted(service.id) || told === false) continue;
      try {
        tell(false);
      } catch (error) {
        console.warn('samtykke', error);
      }
      running.set(service, [tell, false]);
      stuck ||= !!service.reload;
    }
    gate.push({ event: 'samtykke_change', samtykke: gate.choice() });
    emit('change', gate.choice());
    return stuck;
  }

  /** Puts back what is no longer allowed; answers whether a script ran that cannot be taken back. */
  function hold(): boolean {
    for (const [full, mark] of shown) {
      if (granted(gate.nameOf(mark))) continue;
      full.replaceWith(mark);
      shown.delete(full);
    }
    return [...gate.ran].some((name) => !granted(name));
  }

  function follow(stuck: boolean) {
    if (stuck) location.reload();
    // What was clicked is painted first.
    else requestAnimationFrame(() => setTimeout(release));
  }

  /** One by one, with room for the page between them. */
  function release() {
    if (gate.releaseOne()) setTimeout(release);
  }

  function settle(sent: Stored, outcome: Outcome) {
    const kept = gate.read();
    const own = kept?.id === sent.id;
    if (outcome !== 'refused') {
      if (own) write(config, { ...kept, pending: '' });
      if (gate.stored?.id === sent.id) gate.stored = { ...gate.stored, pending: '' };
    } else if (gate.stored?.id === sent.id) {
      // What cannot be proved does not hold. No reload: a script that answers on every page would never stop.
      gate.stored = null;
      if (own && !sent.session) write(config, null);
      apply();
      void tidy();
    }
    if (typeof outcome === 'object') {
      gate.receipt = outcome;
      emit('receipt', outcome);
    }
  }

  async function resume(anew?: boolean) {
    const kept = gate.read();
    const changed = anew || (kept && kept.id !== gate.stored?.id);
    if (changed) gate.stored = kept;
    const stuck = (changed || gate.isMinor()) && apply();
    if (gate.stored?.pending) send(gate.stored);
    if (!stuck) follow(stuck);
    // A new page does not know what there was before.
    if (anew || (gate.choice() && !stuck)) await tidy();
    if (stuck) follow(stuck);
  }

  async function adopt(answer: Stored | null) {
    if (!answer) drop();
    write(config, null);
    write(config, answer);
    await resume(true);
  }

  function permit(silence: readonly string[], cookieless: boolean) {
    if (!silence.length && !cookieless) return;
    gate.permitted = silence;
    gate.withoutCookies = cookieless;
    gate.update(granted);
    release();
  }

  return {
    decide,
    // An answer from before the browser sent its signal stands, where the signal is none.
    confirm: () => amend({ control: true }),
    resume,
    adopt,
    permit,
    told: (shown) => amend({ told: dayOf(shown) ?? '' }),
  };
}

/** What was shown: the language, and the variant where there are several. */
const languageOf = ({ language, variant }: Question) => (variant ? `${language}~${variant}` : language);

/** The day of the change that a notice announces, as days since 1970. */
const dayOf = (shown?: Question) => shown?.announcement && `${Date.parse(shown.announcement.date) / 864e5}`;
