// Events of the document carry the news: a listener that throws harms nobody, and is still reported.

import type { Events, Listener } from './api.js';

export function on<Name extends keyof Events>(event: Name, listener: Listener<Name>): () => void {
  const type = `samtykke:${event}`;
  const call = ({ detail }: CustomEventInit<Events[Name]>) => listener(detail as Events[Name]);
  document.addEventListener(type, call);
  return () => document.removeEventListener(type, call);
}

export function emit<Name extends keyof Events>(event: Name, detail: Events[Name]): void {
  document.dispatchEvent(new CustomEvent(`samtykke:${event}`, { detail }));
}
