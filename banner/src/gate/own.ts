// What the gate's own script element tells; it can only be asked while the script first runs.

const script = document.currentScript as HTMLScriptElement | null;

/** The service's address, which may be another origin and below a path. */
export const base = script ? script.src.replace(/\/v1\/sites\/.*/s, '') : '';

/** Lets the scripts that the gate adds pass the page's content security policy. */
export const nonce = script?.nonce ?? '';
