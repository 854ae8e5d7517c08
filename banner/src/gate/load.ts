import { nonce, trusted } from './own.js';

/** Adds a script to the page, and answers whether it came. */
export function load(src: string): Promise<boolean> {
  return new Promise((done) => {
    const script = document.createElement('script');
    script.onload = () => done(true);
    script.onerror = () => done(false);
    script.nonce = nonce;
    script.src = trusted().createScriptURL(src);
    document.head.append(script);
  });
}
