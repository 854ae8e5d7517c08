// What the gate knows from the first moment: its configuration, and what its own script element tells, which can only be
// asked while the script first runs.

import type { Config } from './config.js';

/** The service writes the site's configuration here. */
declare const __SAMTYKKE_CONFIG__: Config;

export const config = __SAMTYKKE_CONFIG__;

const script = document.currentScript as HTMLScriptElement | null;

/** The service's address, which may be another origin and below a path. */
export const base = script ? script.src.replace(/\/v1\/sites\/.*/s, '') : '';

/** Lets the scripts that the gate adds pass the page's content security policy. */
export const nonce = script?.nonce ?? '';

export const MINOR = 'data-samtykke-minor';

/** The page says that this visitor is a minor: on the script, or on the page itself, then or later. */
export const isMinor = () => [script, document.documentElement].some((said) => said?.hasAttribute(MINOR));

/** Trusted Types, as far as they are used here. */
interface Policy {
  createScript(text: string): string;
  createScriptURL(text: string): string;
}
declare global {
  interface Window {
    readonly trustedTypes?: { createPolicy(name: string, rules: Policy): Policy };
  }
}

const same = (text: string) => text;
let policy: Policy | undefined;

/** Lets a script's text or address pass where the page demands trusted types. */
export function trusted(): Policy {
  const plain = { createScript: same, createScriptURL: same };
  // Where the page's policy does not name ours this throws, and what needs it stays held.
  policy ??= window.trustedTypes?.createPolicy('samtykke', plain) ?? plain;
  return policy;
}
