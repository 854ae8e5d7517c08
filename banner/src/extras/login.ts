// Somebody is logged in: what their account chose applies, and what they answer is their account's, wherever they log in. What was
// chosen on this device while nobody was logged in stays in its cookie, and applies again when they log out. Until the service
// has told what the account chose, and where it does not, everything is denied.

import type { Samtykke } from '../gate/api.js';
import type { Choice, Config } from '../gate/config.js';
import type { Stored } from '../gate/cookie.js';
import type { Carried, Gate } from '../gate/notice.js';

/** On the script or on the page: the token, or nothing while the page is still asking for one. */
const LOGIN = 'data-samtykke-login';
const FIRST_WAIT_MS = 2e3;
const LONGEST_WAIT_MS = 6e4;

/** What an account chose. `gpc`: the browser that it was given in sent Global Privacy Control. */
type Chosen = Omit<Carried, 'visitor'> & { readonly gpc: boolean };

/** What the service says for a token. */
interface Account {
  readonly session: string;
  /** They logged in just now. */
  readonly entered: boolean;
  readonly choice?: Chosen;
  readonly texts: Readonly<Record<'scope' | 'applies' | 'differs', string>>;
}

export function start(gate: Gate, samtykke: Samtykke): void {
  const { config, base, read } = gate;
  let turn = 0;
  let letGo = () => {};

  /** Denies everything, asks for nothing and takes no answer until it is known what the account chose. */
  function hold(): number {
    gate.held ??= new Promise((done) => {
      letGo = done;
    });
    gate.account = undefined;
    gate.stored = nothing(config);
    gate.read = () => gate.stored;
    turn += 1;
    // A question that stands in the page does not say how far its answer would reach now.
    document.dispatchEvent(new CustomEvent('samtykke:change', { detail: gate.stored.choice }));
    return turn;
  }

  /** Has the page stand on this; where it is no answer, or none that holds, they are asked. */
  function stand(stored: Stored | null): Promise<void> {
    gate.stored = stored;
    gate.held = undefined;
    const standing = gate.call('resume', true);
    letGo();
    if (!gate.choice() || !gate.heeded()) gate.call('open', 1);
    return standing;
  }

  async function login(token: string): Promise<void> {
    const mine = hold();
    const answer = await ask(token, () => mine !== turn);
    // Another login came meanwhile, or a logout.
    if (mine !== turn) return;
    const device = read();
    if (!answer) {
      // What the device said may be against the account. Nobody is asked; who opens the settings answers for the device.
      void stand({ ...nothing(config), ...(device && { visitor: device.visitor, id: device.id }) });
      throw new Error('samtykke: the token shows nobody to be logged in; see the answer of the service');
    }
    const { session, choice, entered, texts } = answer;
    gate.account = { session, scope: ` ${texts.scope}` };
    const standing = stand(choice ? remembered(choice, session) : device);
    if (entered && choice)
      gate.call('announce', [texts.applies, device && differs(device.choice, choice.choice) ? texts.differs : '']);
    await standing;
  }

  async function logout(): Promise<void> {
    if (gate.read === read) return;
    turn += 1;
    gate.account = undefined;
    gate.read = read;
    await stand(read());
  }

  /** Asks until the service says yes or no; nothing for a no, or when nobody wants to know any more. */
  async function ask(token: string, isOver: () => boolean): Promise<Account | null> {
    const body = JSON.stringify({ token, language: document.documentElement.lang || undefined });
    for (let wait = FIRST_WAIT_MS; !isOver(); wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        const answer = await fetch(`${base}/v1/sites/${config.site}/logins`, { method: 'POST', body });
        const { ok, status } = answer;
        if (ok) return await answer.json();
        if (status < 500 && status !== 429) return null;
      } catch (error) {
        console.warn('samtykke', error);
      }
      await new Promise((done) => setTimeout(done, wait));
    }
    return null;
  }

  samtykke.login = login;
  samtykke.logout = logout;
  const said = [document.currentScript, document.documentElement].map((it) => it?.getAttribute(LOGIN));
  const token = said.find((it) => it != null);
  if (token) login(token).catch((error) => console.warn(error));
  else if (token === '') hold();
}

/** Denies everything, and is nobody's answer. */
function nothing({ notice, purposes }: Config): Stored {
  const choice = Object.fromEntries(purposes.map((purpose) => [purpose, 'denied' as const]));
  return remembered({ notice, id: '', choice, days: 1, at: Date.now(), gpc: true }, 'none');
}

/** In the memory of this page alone. */
function remembered({ at, gpc, ...answer }: Chosen, session: string): Stored {
  return { ...answer, visitor: '', chosenAt: at, pending: '', control: gpc, told: '', session };
}

function differs(one: Choice, other: Choice): boolean {
  return [...Object.keys(one), ...Object.keys(other)].some((name) => one[name] !== other[name]);
}
