// What the service writes into banner.js, and the words that gate and panel share.

export type Answer = 'granted' | 'denied';

/** Purpose → answer, always complete. `necessary` is no answer and is left out. */
export type Choice = Readonly<Record<string, Answer>>;

export type Method = 'accept_all' | 'reject_all' | 'save' | 'api';

export interface Config {
  readonly site: string;
  /** The number of the notice that this site shows now. */
  readonly notice: number;
  /** The oldest notice whose answers still hold. */
  readonly asksSince: number;
  /** How long an answer holds. */
  readonly days: number;
  /** What is asked about, without `necessary`. */
  readonly purposes: readonly string[];
  readonly services: readonly Service[];
  /** The content hash in the panel's address. */
  readonly panel: string;
}

export type Service = Google | Tracker | Address | Embed;

interface Common {
  readonly id: string;
  readonly purpose: string;
  /** Names of the cookies that it sets; `*` at the end stands for any ending. */
  readonly cookies?: readonly string[];
  /** It cannot be silenced once it ran: a withdrawal loads the page anew. */
  readonly reload?: boolean;
}

export interface Google extends Common {
  readonly kind: 'ga4' | 'ua' | 'gtm';
  /** `G-…`, `UA-…` or `GTM-…`. */
  readonly key: string;
  /** Takes the place of Google's own address. */
  readonly url?: string;
}

export interface Tracker extends Common {
  readonly kind: 'matomo' | 'piwik';
  /** The folder of the installation, with the slash at its end. */
  readonly url: string;
  readonly siteId: number | string;
}

interface Address extends Common {
  readonly kind: 'script' | 'pixel';
  readonly url: string;
}

/** Has no tag of its own, only marks in the page. */
interface Embed extends Common {
  readonly kind: 'embed';
}
