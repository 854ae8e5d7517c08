// The declaration: what the site's purposes and services keep on the device, and the visitor's own choice, wherever a page has a
// <samtykke-declaration>. Loaded when one is there.

import { on } from '../gate/events.js';
import type { Gate, Notice } from '../gate/notice.js';
import { sheetOf } from '../panel/sheet.js';
import css from './declaration.css';
import { declaration } from './declaration.js';

/** Fills every one of the page, now and later. */
export function declare(gate: Gate, notice: Notice): void {
  const sheet = sheetOf(css);

  class Declaration extends HTMLElement {
    leave?: () => void;

    connectedCallback() {
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [sheet];
      const { content, refresh } = declaration(gate, notice);
      root.replaceChildren(content);
      this.leave = on('change', refresh);
    }

    disconnectedCallback() {
      this.leave?.();
    }
  }

  customElements.define('samtykke-declaration', Declaration);
}
