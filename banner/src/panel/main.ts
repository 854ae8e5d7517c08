// The panel: loaded only when a visitor is asked, or asks, or answers.

import { on } from '../gate/events.js';
import type { Gate, Layer, Notice, PanelModule } from '../gate/notice.js';
import { type Answering, answering } from './answer.js';
import { noticeOf } from './ask.js';
import type { Decide } from './buttons.js';
import { all, complete } from './choice.js';
import { inkOn } from './contrast.js';
import { declareIn } from './declaration.js';
import { element } from './element.js';
import { firstLayer } from './first.js';
import css from './panel.css';
import { makeRoom } from './room.js';
import { settingsOf } from './settings.js';
import { answerOf } from './signal.js';

const STATUS_MS = 5e3;

const host = document.createElement('samtykke-panel');
const root = host.attachShadow({ mode: 'open' });
// Stays in the page: a screen reader only speaks of a status that was there, empty, before.
const status = element('p', { class: 'layer status', dir: 'auto', role: 'status' });
const sheets = new Set<string>();
dressWith(css);
root.append(status);

let standing = false;
let show: ((layer: Layer) => void) | undefined;
let answers: Answering | undefined;

const answeringFor = (gate: Gate) => {
  answers ??= answering(gate);
  return answers;
};

export const set: PanelModule['set'] = async (gate, given) => {
  const { purposes } = gate.config;
  const choice =
    typeof given === 'string' ? all(purposes, given) : complete(purposes, gate.purposeOf, given, gate.choice());
  return answeringFor(gate).decide('api', choice);
};

export const resume: PanelModule['resume'] = (gate) => answeringFor(gate).resume();

export const adopt: PanelModule['adopt'] = (gate, carried) => answeringFor(gate).adopt(carried);

export const forget: PanelModule['forget'] = async (gate, notice) => answeringFor(gate).forget(notice);

export const open: PanelModule['open'] = async (gate, layer, first) => {
  const notice = await noticeOf(gate, first);
  if (!document.body) await new Promise((done) => document.addEventListener('DOMContentLoaded', done, { once: true }));
  // Before the body: the keyboard meets it first, and nothing in the body changes place or count.
  if (!host.isConnected) document.body.before(host);
  if (!standing) standIn(gate, notice);
  standing = true;
  if (layer === 2 || (layer && !(gate.choice() && gate.heeded()) && !heed(gate, notice))) {
    show ??= panel(gate, notice);
    show(layer);
  }
};

/** Has words put where frames and films are held, in this page and in what is added to it. */
function standIn(gate: Gate, notice: Notice): void {
  declareIn(gate, notice);
  const isHeld = () => document.querySelector(gate.heldEmbed);
  const look = async () => {
    if (!isHeld()) return;
    observer.disconnect();
    (await settingsOf(gate)).embeds(gate, notice, (name) => {
      const choice = complete(gate.config.purposes, gate.purposeOf, { [name]: 'granted' }, gate.choice());
      answeringFor(gate).decide('save', choice, notice);
      say(notice.texts.saved);
    });
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true });
  look();
}

/** What the browser and the law here say before anybody is asked; answers whether that settles it. */
function heed(gate: Gate, notice: Notice): boolean {
  const signal = answerOf(notice, navigator);
  if (gate.choice() && signal !== 'gpc') {
    answeringFor(gate).confirm();
    return true;
  }
  if (signal) {
    answeringFor(gate).decide('signal', all(gate.config.purposes, 'denied'), notice);
    if (signal === 'gpc' && notice.honoured) say(notice.texts.honoured);
    return true;
  }
  answeringFor(gate).permit(notice.silence, notice.cookieless);
  return false;
}

/** One round of asking: it ends with one answer, or when a visitor who has answered before leaves the settings. */
function panel(gate: Gate, notice: Notice): (layer: Layer) => void {
  let first: HTMLElement | undefined;
  let second: HTMLDialogElement | undefined;
  let leaveRoom = () => {};
  let over = false;
  // Another tab may answer, or the page itself.
  const stop = on('change', () => first && gate.choice() && end());

  const decide: Decide = (method, choice, { isTrusted }) => {
    if (over || (!isTrusted && Object.values(choice).includes('granted'))) return;
    end();
    answeringFor(gate).decide(method, choice, notice);
    say(notice.texts.saved);
  };

  function end() {
    over = true;
    show = undefined;
    stop();
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

  async function settings() {
    const { secondLayer, css } = await settingsOf(gate);
    if (second || over) return;
    dressWith(css);
    second = secondLayer(notice, gate, decide);
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

function dressWith(css: string): void {
  if (sheets.has(css)) return;
  sheets.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

function say(text: string): void {
  status.textContent = text;
  setTimeout(() => {
    status.textContent = '';
  }, STATUS_MS);
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
