// What the service writes into banner.js, and the words that gate and panel share.

import type { Start } from '../services/service.js';
import type { Samtykke } from './api.js';
import type { Gate } from './notice.js';

export type Answer = 'granted' | 'denied';

/**
 * Purpose → answer, always complete; a service stands beside them where its answer differs from its purpose's.
 * `necessary` is no answer and is left out.
 */
export type Choice = Readonly<Record<string, Answer>>;

/** `signal`: the browser answered, by Global Privacy Control or Do Not Track. */
export type Method = 'accept_all' | 'reject_all' | 'save' | 'api' | 'signal';

export interface Config {
  readonly site: string;
  /** The number of the notice that this site shows now. */
  readonly notice: number;
  /** The oldest notice whose answers still hold. */
  readonly asksSince: number;
  /** How long an answer holds that was given to no notice. */
  readonly days: number;
  /** What is asked about, without `necessary`. */
  readonly purposes: readonly string[];
  readonly services: readonly Service[];
  /** The code of these services, by name. */
  readonly starts: Readonly<Record<string, Start<never>>>;
  /** The content hash in the panel's address. */
  readonly panel: string;
  /** The domains beneath which hosts share one choice. */
  readonly domains?: readonly string[];
  /** What only some sites have: each is run before anything is released. */
  readonly extras: readonly ((gate: Gate, samtykke: Samtykke) => void)[];
}

/** One service as the gate starts it. What else it needs is for its own code. */
export interface Service {
  readonly id: string;
  readonly purpose: string;
  /** The name of its code; none for what the page itself marks. */
  readonly by?: string;
  /** How it runs before a yes; missing where it does not. */
  readonly mode?: string;
  /** It cannot be silenced once it ran: a withdrawal loads the page anew. */
  readonly reload?: boolean;
}
