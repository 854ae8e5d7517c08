// Tells somebody who has answered that the policy is going to change, or that what their account chose applies. It asks for nothing.

import type { Notice } from '../gate/notice.js';
import { button } from '../panel/buttons.js';
import { element } from '../panel/element.js';
import css from './settings.css';

/** Without `sentences`: what the notice announces. `told` hears of it once the visitor has taken note of that. What else comes is the panel's. */
export function announce(
  notice: Notice,
  sentences: readonly string[] | undefined,
  root: ShadowRoot,
  dressWith: (css: string) => void,
  makeRoom: (layer: HTMLElement) => () => void,
  told: (notice: Notice) => void,
): void {
  const { texts, policy_url, announcement } = notice;
  const text = sentences?.join(' ') ?? announcement?.text;
  // The script may be older than the notice.
  if (!text) return;
  dressWith(css);
  const layer = element(
    'section',
    { class: 'layer announcement', position: 'bottom', 'aria-labelledby': 'announced' },
    element('p', { id: 'announced' }, text),
    element('p', {}, element('a', { href: policy_url }, texts.policy)),
    button('dismiss', texts.dismiss, () => {
      layer.remove();
      leaveRoom();
      if (!sentences) told(notice);
    }),
  );
  root.append(layer);
  const leaveRoom = makeRoom(layer);
}
