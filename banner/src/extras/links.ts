// Carries a choice to the site's other domains: a link there gets a short-lived token in its fragment, which no server sees,
// and the page that it leads to exchanges it for the choice.

import type { Carried, Gate } from '../gate/notice.js';

const PREFIX = '#samtykke=';
/** The service says 60 s; less, so that it still holds on arrival. */
const FRESH_MS = 3e4;

/** `origins`: where a choice may be carried. */
export function start(gate: Gate, origins: readonly string[]): void {
  const address = `${gate.base}/v1/sites/${gate.config.site}/links`;
  const tokens = new Map<string, { token?: string; at: number }>();

  const post = async (path: string, body: object) => {
    const answer = await fetch(address + path, { method: 'POST', body: JSON.stringify(body) });
    return answer.ok ? answer.json() : null;
  };

  /** The link beneath an event that leads to another of the site's origins. */
  function linkOf({ target }: Event): HTMLAnchorElement | undefined {
    const link = (target as Element).closest?.<HTMLAnchorElement>('a[href]');
    return link && !link.hash && link.origin !== location.origin && origins.includes(link.origin) ? link : undefined;
  }

  /** Asks for a token before the click, which waits for nothing. */
  async function prepare(event: Event) {
    const link = linkOf(event);
    const { stored } = gate;
    if (!link || !stored?.visitor || stored.pending || gate.account || !gate.choice()) return;
    const { origin: to } = link;
    if (Date.now() - (tokens.get(to)?.at ?? 0) < FRESH_MS) return;
    tokens.set(to, { at: Date.now() });
    const answer = await post('', { visitor: stored.visitor, consent: stored.id, to }).catch(() => null);
    if (answer) tokens.set(to, { token: answer.token, at: Date.now() });
  }

  function follow(event: Event) {
    const link = linkOf(event);
    const { token, at = 0 } = (link && tokens.get(link.origin)) ?? {};
    if (!link || !token || Date.now() - at > FRESH_MS) return;
    link.hash = PREFIX + token;
    setTimeout(() => {
      link.href = link.href.replace(/#.*/s, '');
    });
  }

  async function arrive() {
    const { hash, pathname, search } = location;
    if (!hash.startsWith(PREFIX)) return;
    history.replaceState(history.state, '', pathname + search);
    const carried: Carried | null = await post('/redeem', { token: hash.slice(PREFIX.length) }).catch(() => null);
    // Unless a newer one was given here.
    if (!carried || (gate.read()?.id ?? '') >= carried.id) return;
    const { at, ...answer } = carried;
    gate.call('adopt', { ...answer, chosenAt: at, pending: '', control: false, told: '' });
  }

  for (const type of ['pointerover', 'focusin', 'touchstart'])
    document.addEventListener(type, prepare, { passive: true });
  for (const type of ['click', 'auxclick']) document.addEventListener(type, follow, true);
  arrive();
}
