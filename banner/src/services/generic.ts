// Whatever else there is: a script, or an image that counts.

import type { About, Start } from './service.js';

interface Address {
  readonly kind: 'script' | 'pixel';
  readonly url: string;
}

export const asksKind = true;

export const start: Start<Address> = ({ kind, url }, { load }) => {
  if (kind === 'script') load(url);
  else new Image().src = url;
  return () => {};
};

export const kinds: Record<string, About> = {
  script: { name: '', vendor: '', purpose: 'preferences', url: 'file', cookies: [], hosts: [], reload: true },
  pixel: { name: '', vendor: '', purpose: 'advertising', url: 'file', cookies: [], hosts: [] },
};
