// The element that holds all that the panel shows, and how it is dressed.

import type { Question } from '../gate/notice.js';
import { element } from './element.js';
import css from './panel.css';
import { important, sheetOf } from './sheet.js';
import { directionOf } from './words.js';

const STATUS_MS = 5e3;

export const host = document.createElement('samtykke-panel');
export const root = host.attachShadow({ mode: 'open' });
// Stays in the page: a screen reader only speaks of a status that was there, empty, before.
const status = element('p', { class: 'status', role: 'status' });
const sheets = new Set<string>();
let silence: ReturnType<typeof setTimeout> | undefined;
root.adoptedStyleSheets = [important(css)];
root.append(element('slot', {}), status);

/** Puts it into the page, as soon as there is one. */
export async function stand(question: Question): Promise<void> {
  if (!document.body) await new Promise((done) => document.addEventListener('DOMContentLoaded', done, { once: true }));
  if (host.isConnected) return;
  dress(question);
  // Before the body: the keyboard meets it first, and nothing in the body changes place or count.
  document.body.before(host);
}

export function dressWith(css: string): void {
  if (sheets.has(css)) return;
  sheets.add(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheetOf(css)];
}

export function say(text: string): void {
  clearTimeout(silence);
  status.textContent = text;
  silence = setTimeout(() => {
    status.textContent = '';
  }, STATUS_MS);
}

function dress({ language, look }: Question): void {
  const { documentElement } = document;
  host.lang = language;
  host.dir = directionOf(language);
  const dark = look.theme === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : look.theme === 'dark';
  host.setAttribute('theme', dark ? 'dark' : 'light');
  const own = Object.entries({ ...look[dark ? 'dark' : 'light'], font: look.font, radius: look.radius });
  const rules = own.map(([name, value]) => value && `--samtykke-${name}:${value}!important;`);
  dressWith(`:host([theme]){${rules.join('')}}`);
  // A page that hides everything hides this too. In a frame it may do so against those who frame it.
  if (self === top && getComputedStyle(documentElement).display === 'none') {
    documentElement.style.setProperty('display', 'block', 'important');
  }
}
