// What the gate and the panel say to each other, and the notice as the service sends it.

import type { Tell } from '../services/service.js';
import type { Receipt } from './api.js';
import type { Answer, Choice, Config, Service } from './config.js';
import type { Stored } from './cookie.js';

/** What the question needs of a notice. */
export interface Question {
  readonly site: string;
  readonly notice: number;
  readonly language: string;
  /** What the law where the visitor is makes of silence. */
  readonly regime: 'opt-in' | 'opt-out' | 'notice';
  /** The purposes that may run there before an answer. */
  readonly silence: readonly string[];
  /** Whether measuring that stores nothing may run there before an answer. */
  readonly cookieless: boolean;
  /** How long a yes and a no hold. */
  readonly yes_days: number;
  readonly no_days: number;
  /** What Global Privacy Control is there: `binding` is an answer. */
  readonly gpc: 'binding' | 'voluntary' | 'none';
  /** Whether the visitor must be told that it was obeyed. */
  readonly honoured: boolean;
  /** Whether Do Not Track is an answer on this site. */
  readonly dnt: boolean;
  /** What the site calls itself. */
  readonly name: string;
  /** Who answers for the data. */
  readonly controller: string;
  readonly policy_url: string;
  readonly look: Look;
  /** Which of the site's variants this is; missing where there is one only. */
  readonly variant?: string;
  /** A change of the policy that is to come. */
  readonly announcement?: Announcement;
  /** The purposes by name, as a sentence lists them. */
  readonly list: string;
  readonly texts: QuestionTexts;
  readonly purposes: readonly AskedPurpose[];
}

/** The whole of it: what the settings show. */
export interface Notice extends Question {
  readonly hash: string;
  /** How long an answer holds at the most, in words. */
  readonly remembered: string;
  /** Each service has a switch of its own. */
  readonly service_switches: boolean;
  readonly texts: Texts;
  readonly purposes: readonly Purpose[];
}

export interface Look {
  readonly layout: 'bar' | 'box' | 'centred';
  readonly position: 'bottom' | 'top' | 'start' | 'end';
  readonly theme: 'auto' | 'light' | 'dark';
  /** As in CSS, `border-radius`. */
  readonly radius?: string;
  /** As in CSS, `font-family`. */
  readonly font?: string;
  /** The address of an image. */
  readonly logo?: string;
  readonly light?: Colours;
  readonly dark?: Colours;
}

/** `paper`, `ink`, `line`, `accent` and `on-accent` as `#rrggbb`, where the site has its own. */
export type Colours = Readonly<Record<string, string>>;

export interface Announcement {
  /** The day from which it holds, as in `2027-02-01`. */
  readonly date: string;
  /** What changes, and when. */
  readonly text: string;
}

export type QuestionTexts = Readonly<
  Record<'title' | 'intro' | 'accept_all' | 'reject_all' | 'choose' | 'facts' | 'policy' | 'saved' | 'honoured', string>
>;

/** The words of the panel itself; a purpose brings its own. */
export type Texts = QuestionTexts &
  Readonly<
    Record<
      | 'settings'
      | 'details'
      | 'save'
      | 'close'
      | 'always_on'
      | 'services'
      | 'vendor'
      | 'country'
      | 'cookie'
      | 'storage'
      | 'lifetime'
      | 'until_closed'
      | 'until_cleared'
      | 'no_cookies'
      | 'dismiss'
      | 'embed'
      | 'once'
      | 'always'
      | 'responsible'
      | 'your_choice'
      | 'no_choice'
      | 'chosen'
      | 'allowed'
      | 'not_allowed'
      | 'change'
      | 'download'
      | 'history'
      | `action_${Action}`
      | 'forget'
      | 'forget_sure'
      | 'forget_yes'
      | 'forget_no'
      | 'forgotten'
      | 'failed',
      string
    >
  >;

/** What an answer was to the one before it, as the service records it. */
export type Action = 'granted' | 'partial' | 'refused' | 'withdrawn' | 'renewed';

export interface AskedPurpose {
  readonly id: string;
  readonly necessary: boolean;
}

export interface Purpose extends AskedPurpose {
  readonly name: string;
  readonly description: string;
  readonly services: readonly NoticeService[];
}

export interface NoticeService {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  /** ISO 3166-1 alpha-2, and what it is called. */
  readonly country?: string | null;
  readonly country_name?: string | null;
  readonly policy_url?: string | null;
  readonly cookies: readonly NoticeCookie[];
  /** Keys of local and session storage and names of databases; `*` at the end stands for any ending. */
  readonly storage?: readonly string[];
}

export interface NoticeCookie {
  readonly name: string;
  /** 0: until the browser is closed. */
  readonly days: number;
  /** The same in words. */
  readonly lifetime: string;
  /** Whose it is when it is not the page's own: no page can delete it. */
  readonly domain?: string;
}

/** What the panel needs of the gate, and what it changes there. */
export interface Gate {
  readonly config: Config;
  /** The service's address. */
  readonly base: string;
  /** All that the page could see when it began. */
  readonly jar: string;
  /** The answer in the cookie now: another tab may have given it. */
  read(): Stored | null;
  /** Settles once it is known what somebody chose who is logged in; missing where nothing has to be waited for. */
  held?: Promise<void> | undefined;
  /** Of somebody who is logged in: what shows that they are, and the words that say how far their answer reaches. */
  account?: { readonly session: string; readonly scope: string } | undefined;
  /** The present answer, whether it holds or not. */
  stored: Stored | null;
  /** The purposes that may run here before an answer, once the service has said so. */
  permitted: readonly string[];
  withoutCookies: boolean;
  /** The latest that came to this page. */
  receipt: Receipt | null;
  /** Service → how to tell it of an answer, and what it was told last: nothing while it runs before one. */
  readonly running: Map<Service, [tell: Tell, told: boolean | undefined]>;
  /** What marks.ts and consent-mode.ts say of these. */
  readonly shown: Map<HTMLElement, HTMLElement>;
  readonly ran: ReadonlySet<string>;
  readonly heldEmbed: string;
  nameOf(mark: HTMLElement): string;
  show(mark: HTMLElement): void;
  push(entry: object): void;
  update(granted: Gate['granted']): void;
  isMinor(): boolean;
  /** The purpose that decides about a name: that of a service, or the name itself. */
  purposeOf(name: string): string;
  /** The answer that holds. */
  choice(): Choice | null;
  /** Whether the answer was given under the signals that the browser sends now. */
  heeded(): boolean;
  /** Whether a purpose or a service may run now. */
  granted(name: string): boolean;
  /** Starts, or releases, the next thing that is allowed; answers whether there was one. */
  releaseOne(): boolean;
  /** Has the panel's module do something, as soon as it is there. */
  call<Name extends keyof PanelModule>(name: Name, ...told: Told<Name>): Promise<void>;
}

/** What a function of the panel's module is told besides the gate. */
type Told<Name extends keyof PanelModule> = Parameters<PanelModule[Name]> extends [Gate, ...infer Rest] ? Rest : never;

/** An answer that was given on another domain of the site, as the service hands it over. */
export interface Carried {
  readonly notice: number;
  readonly visitor: string;
  readonly id: string;
  readonly choice: Choice;
  readonly days: number;
  /** Unix ms. */
  readonly at: number;
}

/** What the gate needs of the panel's module. */
export interface PanelModule {
  /** Shows a layer. `first`: the answer to the first question for the notice, asked while the module was on its way. */
  open(gate: Gate, layer: Layer, first?: Promise<Response>): Promise<void>;
  /** Answers for the visitor: one answer to all, or to some. */
  set(gate: Gate, given: Answer | Readonly<Record<string, Answer>>): Promise<void>;
  /** Takes up what was answered on another page, and what the page says of the visitor. `anew`: be it no answer, or the same. */
  resume(gate: Gate, anew?: boolean): Promise<void>;
  /** Takes an answer that was given elsewhere; null takes none, denies everything and deletes what was left. */
  adopt(gate: Gate, answer: Stored | null): Promise<void>;
  /** Tells somebody who answered before of a change of the policy that is to come, or these sentences. */
  announce(gate: Gate, sentences?: readonly string[]): Promise<void>;
}

/** The placeholders and the declarations of the page alone (0), the question (1), or the settings (2). */
export type Layer = 0 | 1 | 2;
