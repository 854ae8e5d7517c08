// Shows a notice to those who sign it off: the panel as a visitor would meet it, on a page with nothing else. Nothing is recorded.

import type { Gate, Notice } from '../gate/notice.js';
import type { Decide } from '../panel/buttons.js';
import { firstLayer } from '../panel/first.js';
import { dressWith, host, root, say, stand } from '../panel/host.js';
import { css, secondLayer } from '../settings/main.js';

const { notice, layer, gpc } = JSON.parse(
  document.querySelector('script[type="application/json"]')?.textContent ?? '',
) as {
  readonly notice: Notice;
  readonly layer: 1 | 2;
  /** As if the browser sent Global Privacy Control. */
  readonly gpc: boolean;
};

/** Nobody has answered: what may run in silence does, unless the signal forbids it. */
const gate = {
  isMinor: () => false,
  purposeOf: (name: string) =>
    notice.purposes.find(({ services }) => services.some(({ id }) => id === name))?.id ?? name,
  granted: (name: string): boolean => !gpc && notice.silence.includes(gate.purposeOf(name)),
};

const done: Decide = () => say(notice.texts.saved);

function settings() {
  dressWith(css);
  const second = secondLayer(notice, gate as unknown as Gate, done);
  second.onclose = () => second.remove();
  root.append(second);
  second.showModal();
  second.querySelector('h2')?.focus();
}

if (gpc) Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });
stand(notice).then(() => (layer === 2 ? settings() : host.append(firstLayer(notice, done, settings))));
