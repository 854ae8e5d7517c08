// The one global, `window.samtykke`.

import type { Answer, Choice } from './config.js';

declare global {
  interface Window {
    readonly samtykke: Samtykke;
  }

  interface DocumentEventMap {
    'samtykke:change': CustomEvent<Events['change']>;
    'samtykke:receipt': CustomEvent<Events['receipt']>;
  }
}

export interface Samtykke {
  /** Purpose → `granted` or `denied`; null before an answer. */
  readonly choice: Choice | null;
  /** The latest receipt that came to this page; null before one. Nothing is kept for the next page. */
  readonly receipt: Receipt | null;
  /** Whether a purpose is granted now. `necessary` always is; what is unknown never is. */
  granted(purpose: string): boolean;
  /** Shows the settings. Any element with `data-samtykke="open"` does the same when clicked. */
  open(): void;
  /** Answers for the visitor, on their word. The promise settles once the answer is in force. */
  grantAll(): Promise<void>;
  denyAll(): Promise<void>;
  /**
   * Answers for the visitor, purpose by purpose or service by service. What is left out keeps its answer, or is denied.
   * The promise is rejected with a TypeError for an unknown name or answer.
   */
  set(choice: Readonly<Record<string, Answer>>): Promise<void>;
  /** Says that the visitor is a minor, as `data-samtykke-minor` on the page does: no advertising, whatever is answered. */
  minor(): Promise<void>;
  /**
   * Says who is logged in, by a token that the site's own systems signed: what their account chose applies, and what they answer is
   * their account's. Only where the site file has `login_keys`. The promise is rejected, and everything denied, where the token
   * shows nobody to be logged in.
   */
  login?(token: string): Promise<void>;
  /** Says that nobody is logged in any more: what was chosen on this device applies again. */
  logout?(): Promise<void>;
  /** Listens to the document's `samtykke:change` or `samtykke:receipt`; answers with what ends it. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Name>): () => void;
}

export interface Events {
  /** A new choice, or null when a choice could not be recorded and is lost. */
  change: Choice | null;
  /** The service has recorded a consent. */
  receipt: Receipt;
}

export type Listener<Name extends keyof Events> = (detail: Events[Name]) => void;

/** The signed proof of one consent. */
export interface Receipt {
  readonly record: unknown;
  readonly jws: string;
  /** Opens the visitor's own history; missing for somebody who is logged in. */
  readonly capability?: string;
}
