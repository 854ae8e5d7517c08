// What a file below services/ holds: the data of its kinds, which the server reads from the build, and, unless the page
// itself marks them, the code that starts them, which is sent to the pages of the sites that use it and to no others.

/** Later changes of mind on the same page. */
export type Tell = (granted: boolean) => void;

/** What the gate lends a service. Nothing here touches the document by itself, so that a nonce is never forgotten. */
export interface Tools {
  /** Adds a script, and answers whether it came. */
  load(src: string): Promise<boolean>;
  readonly gtag: Gtag.Gtag;
  /** Puts an entry into the dataLayer. */
  push(entry: object): void;
  /** What the next of the scripts waits for that must load one at a time. */
  turn?: Promise<unknown>;
}

/** Called once a page, when the service may run; with `granted` false where its mode lets it run before a yes. */
export type Start<S> = (service: S, tools: Tools, granted: boolean) => Tell;

/** What kinds of services have in common. */
export interface About {
  /** '' : the id that the site gives it. */
  readonly name: string;
  /** '' : the site's controller. */
  readonly vendor: string;
  /** Where the data goes, as an ISO 3166 code. */
  readonly country?: string;
  /** The vendor's privacy policy. */
  readonly policy?: string;
  /** What it is for, as a rule. */
  readonly purpose: 'preferences' | 'analytics' | 'advertising';
  readonly cookies: readonly Cookie[];
  /** Keys in localStorage and sessionStorage, and IndexedDB databases, that it leaves in the page's own origin. */
  readonly storage?: readonly string[];
  readonly key?: Key;
  /** The script may come from elsewhere: an address that takes `?id=` and the key, or a folder that holds the key's `.js`. */
  readonly script?: 'query' | 'folder';
  /** It needs the folder of its installation, or the address of its file. */
  readonly url?: 'folder' | 'file';
  /** The script in that folder. */
  readonly file?: string;
  /** The code of every further one on a page. */
  readonly others?: string;
  /** It needs the number that its installation gave the site. */
  readonly siteId?: true;
  /** The first is the usual one. */
  readonly modes?: readonly Mode[];
  /** It cannot be silenced once it ran: a withdrawal loads the page anew. */
  readonly reload?: true;
  /** Where its requests go, these hosts and all below them; nothing for what the site itself hosts. */
  readonly hosts: readonly string[];
  /** What whoever applies the site file is told. */
  readonly warning?: string;
}

/** A `*` at the end of the name stands for any ending. */
export interface Cookie {
  readonly name: string;
  /** 0: until the browser is closed. */
  readonly days: number;
  /** Whose it is when it is not the page's own: no page can delete it. */
  readonly domain?: string;
}

/** The shape of an id that the vendor gives. */
export interface Key {
  readonly prefix: string;
  readonly characters: string;
  readonly example: string;
}

export interface Mode {
  readonly name: string;
  readonly warning?: string;
}

// Whole strings, and in the data below no spreads and no calls: what is computed would be sent to the pages with the code.
export const DIGITS = '0123456789';
export const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
export const ANY_CASE = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-';
export const UUID = '0123456789abcdefABCDEF-';
