// The panel: loaded only when a visitor is asked, or asks.

import type { Gate, Layer, Notice } from '../gate/notice.js';
import type { Decide } from './buttons.js';
import { inkOn } from './contrast.js';
import { element } from './element.js';
import { firstLayer } from './first.js';
import css from './panel.css';
import { makeRoom } from './room.js';
import { secondLayer } from './second.js';

const STATUS_MS = 5e3;

const host = document.createElement('samtykke-panel');
const root = host.attachShadow({ mode: 'open' });
// Stays in the page: a screen reader only speaks of a status that was there, empty, before.
const status = element('p', { class: 'layer status', dir: 'auto', role: 'status' });
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
root.adoptedStyleSheets = [sheet];
root.append(status);

let show: ((layer: Layer) => void) | undefined;

export function open(gate: Gate, notice: Notice, layer: Layer): void {
  // Before the body: the keyboard meets it first, and nothing in the body changes place or count.
  if (!host.isConnected) document.body.before(host);
  show ??= panel(gate, notice);
  show(layer);
}

/** One round of asking: it ends with one answer, or when a visitor who has answered before leaves the settings. */
function panel(gate: Gate, notice: Notice): (layer: Layer) => void {
  let first: HTMLElement | undefined;
  let second: HTMLDialogElement | undefined;
  let leaveRoom = () => {};
  let over = false;

  const decide: Decide = (method, choice) => {
    if (over) return;
    end();
    gate.decide(method, choice, notice);
    status.textContent = notice.texts.saved;
    setTimeout(() => {
      status.textContent = '';
    }, STATUS_MS);
  };

  function end() {
    over = true;
    show = undefined;
    leaveRoom();
    second?.close();
    second?.remove();
    first?.remove();
  }

  function ask() {
    if (first) return;
    first = firstLayer(notice, decide, settings);
    root.prepend(first);
    leaveRoom = makeRoom(first);
  }

  function settings() {
    if (second) return;
    second = secondLayer(notice, gate.choice(), decide);
    second.onclose = left;
    root.append(second);
    second.showModal();
    second.querySelector('h2')?.focus();
  }

  function left() {
    second?.remove();
    second = undefined;
    if (over) return;
    if (gate.choice()) end();
    else ask();
  }

  dress(notice);
  return (layer) => (layer === 1 ? ask() : settings());
}

function dress({ language, look }: Notice) {
  host.lang = language;
  const dark = look.theme === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : look.theme === 'dark';
  host.setAttribute('theme', dark ? 'dark' : 'light');
  host.setAttribute('layout', look.layout);
  const ink = look.accent && inkOn(look.accent);
  if (look.accent && ink) {
    host.style.setProperty('--accent', look.accent);
    host.style.setProperty('--on-accent', ink);
  }
}
