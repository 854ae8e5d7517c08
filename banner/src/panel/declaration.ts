import type * as declaration from '../declaration/main.js';
import type { Gate, Notice } from '../gate/notice.js';
import { moduleOf } from './module.js';

/** The build writes the content hash of declaration.js here. */
declare const __SAMTYKKE_DECLARATION__: string;

/** Has the declarations of the page filled, as soon as there is one. */
export function declareIn(gate: Gate, notice: Notice): void {
  const look = async () => {
    if (!document.querySelector('samtykke-declaration')) return;
    observer.disconnect();
    const { declare } = await moduleOf<typeof declaration>(gate, `declaration.${__SAMTYKKE_DECLARATION__}`);
    declare(gate, notice);
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true });
  look();
}
