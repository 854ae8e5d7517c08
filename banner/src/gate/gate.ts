// Holds the page to the visitor's answer. Whatever is unknown is denied. Here an answer is only read: whoever answers has the
// panel's module, which keeps the answer and takes back what is no longer allowed.

import type { Start, Tell, Tools } from '../services/service.js';
import type { Service } from './config.js';
import { gtag, push, update } from './consent-mode.js';
import { holds, read, visible } from './cookie.js';
import { load } from './load.js';
import { HELD_EMBED, nameOf, ran, releaseOne as releaseMark, show, shown } from './marks.js';
import type { Gate } from './notice.js';
import { base, config, isMinor } from './own.js';
import { panel } from './panel.js';

const { purposes, services, starts } = config;
// Asked for once: the answer comes from another process.
const jar = visible();
const tools: Tools = { load, gtag, push };

export const gate: Gate = {
  config,
  base,
  jar,
  read: () => read(config, visible()),
  stored: read(config, jar),
  permitted: [],
  withoutCookies: false,
  receipt: null,
  running: new Map(),
  shown,
  ran,
  heldEmbed: HELD_EMBED,
  nameOf,
  show,
  push,
  update,
  isMinor,
  purposeOf: (name) => services.find(({ id }) => id === name)?.purpose ?? name,
  choice: () => (gate.stored && holds(gate.stored, config, Date.now()) ? gate.stored.choice : null),
  heeded: () => !navigator.globalPrivacyControl || !!gate.stored?.control,
  granted(name) {
    const purpose = gate.purposeOf(name);
    if (purpose === 'necessary') return true;
    if (!purposes.includes(purpose) || (purpose === 'advertising' && isMinor())) return false;
    const choice = gate.choice();
    return choice ? (choice[name] ?? choice[purpose]) === 'granted' : gate.permitted.includes(purpose);
  },
  releaseOne() {
    for (const service of services) {
      const { id, by, mode } = service;
      const yes = gate.granted(id);
      const [tell, told] = gate.running.get(service) ?? [];
      // A mode runs before an answer: the one without cookies where the law here allows it, any other everywhere.
      const early = mode && !gate.choice() && (mode !== 'cookieless' || gate.withoutCookies);
      if (tell ? told || !yes : !yes && !early) continue;
      let next: Tell | undefined = tell;
      // What a vendor's code breaks is its own.
      try {
        if (next) next(yes);
        else next = (starts[by as string] as Start<Service> | undefined)?.(service, tools, yes);
      } catch (error) {
        console.warn('samtykke', error);
      }
      gate.running.set(service, [next ?? (() => {}), yes || undefined]);
      return true;
    }
    return releaseMark(gate.granted, releaseAll);
  },
  call: async (name, ...told) => {
    await gate.held;
    return ((await panel())[name] as (gate: Gate, ...told: unknown[]) => Promise<void>)(gate, ...told);
  },
};

/** While the page is being built: at once. */
export function releaseAll(): void {
  while (gate.releaseOne());
}
