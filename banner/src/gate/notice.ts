// What the gate and the panel say to each other, and the notice as the service sends it.

import type { Choice, Method } from './config.js';

export interface Notice {
  readonly site: string;
  readonly notice: number;
  readonly hash: string;
  readonly language: string;
  readonly regime: string;
  /** What the site calls itself. */
  readonly name: string;
  /** Who answers for the data. */
  readonly controller: string;
  readonly policy_url: string;
  readonly remember_days: number;
  readonly look: Look;
  readonly texts: Texts;
  readonly purposes: readonly Purpose[];
}

export interface Look {
  readonly layout: 'bar' | 'box';
  readonly theme: 'auto' | 'light' | 'dark';
  /** The colour of every button, as `#rrggbb`. */
  readonly accent?: string | null;
}

/** The words of the panel itself; a purpose brings its own. */
export type Texts = Readonly<
  Record<
    | 'title'
    | 'intro'
    | 'accept_all'
    | 'reject_all'
    | 'choose'
    | 'settings'
    | 'details'
    | 'save'
    | 'close'
    | 'policy'
    | 'always_on'
    | 'services'
    | 'vendor'
    | 'country'
    | 'cookie'
    | 'lifetime'
    | 'until_closed'
    | 'no_cookies'
    | 'saved',
    string
  >
>;

export interface Purpose {
  readonly id: string;
  readonly necessary: boolean;
  readonly name: string;
  readonly description: string;
  readonly services: readonly NoticeService[];
}

export interface NoticeService {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  /** ISO 3166-1 alpha-2. */
  readonly country?: string | null;
  readonly policy_url?: string | null;
  readonly cookies: readonly NoticeCookie[];
}

export interface NoticeCookie {
  readonly name: string;
  /** 0: until the browser is closed. */
  readonly days: number;
}

/** What the panel needs of the gate. */
export interface Gate {
  choice(): Choice | null;
  /** Takes a complete choice, and the notice that it answers. */
  decide(method: Method, choice: Choice, shown?: Notice): void;
}

/** What the gate needs of the panel's module. */
export interface PanelModule {
  open(gate: Gate, notice: Notice, layer: Layer): void;
}

/** The question (1), or the settings (2). */
export type Layer = 1 | 2;
