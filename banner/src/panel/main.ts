// The panel: loaded only when a visitor is asked, or asks, or answers.

import { on } from '../gate/events.js';
import type { Gate, Layer, PanelModule, Question } from '../gate/notice.js';
import { type Answering, answering } from './answer.js';
import { noticeOf, questionOf } from './ask.js';
import type { Decide } from './buttons.js';
import { all } from './choice.js';
import { declarationOf } from './declaration.js';
import { firstLayer } from './first.js';
import { dressWith, host, root, say, stand } from './host.js';
import { makeRoom } from './room.js';
import { settingsOf } from './settings.js';
import { answerOf } from './signal.js';
import { whenThere } from './there.js';

let standing = false;
let show: ((layer: Layer) => void) | undefined;
let answers: Answering | undefined;

const answeringFor = (gate: Gate) => {
  answers ??= answering(gate);
  return answers;
};

export const set: PanelModule['set'] = async (gate, given) => {
  const { purposes } = gate.config;
  const choice = typeof given === 'string' ? all(purposes, given) : (await settingsOf(gate)).complete(gate, given);
  return answeringFor(gate).decide('api', choice);
};

export const resume: PanelModule['resume'] = (gate, anew) => answeringFor(gate).resume(anew);

export const adopt: PanelModule['adopt'] = (gate, answer) => answeringFor(gate).adopt(answer);

export const announce: PanelModule['announce'] = async (gate, sentences) => {
  const notice = await noticeOf(gate);
  await stand(notice);
  (await settingsOf(gate)).announce(notice, sentences, root, dressWith, makeRoom, answeringFor(gate).told);
};

export const open: PanelModule['open'] = async (gate, layer, first) => {
  const question = await (layer === 1 ? questionOf : noticeOf)(gate, first);
  await stand(question);
  if (!standing) standIn(gate);
  standing = true;
  if (layer === 2 || (layer && !(gate.choice() && gate.heeded()) && !heed(gate, question))) {
    show ??= panel(gate, question);
    show(layer);
  }
};

/** Has words put where frames and films are held, and where the page declares: in what is there, and in what is added. */
function standIn(gate: Gate): void {
  whenThere('samtykke-declaration', async () => {
    (await declarationOf(gate)).declare(gate, await noticeOf(gate));
  });
  whenThere(gate.heldEmbed, async () => {
    const notice = await noticeOf(gate);
    (await settingsOf(gate)).embeds(gate, notice, (choice) => {
      answeringFor(gate).decide('save', choice, notice);
      say(notice.texts.saved);
    });
  });
}

/** What the browser and the law here say before anybody is asked; answers whether that settles it. */
function heed(gate: Gate, question: Question): boolean {
  const signal = answerOf(question, navigator);
  if (gate.choice() && signal !== 'gpc') {
    answeringFor(gate).confirm();
    return true;
  }
  if (signal) {
    answeringFor(gate).decide('signal', all(gate.config.purposes, 'denied'), question);
    if (signal === 'gpc' && question.honoured) say(question.texts.honoured);
    return true;
  }
  answeringFor(gate).permit(question.silence, question.cookieless);
  return false;
}

/** One round of asking: it ends with one answer, or when a visitor who has answered before leaves the settings. */
function panel(gate: Gate, question: Question): (layer: Layer) => void {
  let first: HTMLElement | undefined;
  let second: HTMLDialogElement | undefined;
  let leaveRoom = () => {};
  let over = false;
  /** Where the visitor was in the page before they came to the question. */
  let before: Element | null = null;
  // Another tab may answer, or the page itself.
  const stop = on('change', () => first && gate.choice() && end());

  const decideOn =
    (shown: Question): Decide =>
    (method, choice, { isTrusted }) => {
      if (over || (!isTrusted && Object.values(choice).includes('granted'))) return;
      end();
      answeringFor(gate).decide(method, choice, shown);
      say(shown.texts.saved);
    };

  function end() {
    over = true;
    show = undefined;
    stop();
    leaveRoom();
    second?.close();
    second?.remove();
    const wasIn = first?.contains(document.activeElement);
    first?.remove();
    if (wasIn) (before as HTMLElement | null)?.focus({ preventScroll: true });
  }

  function ask() {
    if (first) return;
    const layer = firstLayer(question, decideOn(question), settings, gate.account?.scope);
    first = layer;
    before = document.activeElement;
    layer.addEventListener('focusin', ({ relatedTarget }) => {
      if (!layer.contains(relatedTarget as Node)) before = relatedTarget as Element;
    });
    host.append(layer);
    const { body } = document;
    if (question.look.layout === 'centred') {
      // It covers the middle of the page, which waits until there is an answer.
      const { inert } = body;
      body.inert = true;
      leaveRoom = () => {
        body.inert = inert;
      };
      layer.querySelector('h2')?.focus();
    } else leaveRoom = makeRoom(layer);
  }

  async function settings() {
    const { secondLayer, css } = await settingsOf(gate);
    const notice = await noticeOf(gate);
    if (second || over) return;
    dressWith(css);
    second = secondLayer(notice, gate, decideOn(notice));
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

  return (layer) => (layer === 1 ? ask() : settings());
}
