// Tells somebody who has answered that the policy is going to change. It asks for nothing.

import type { Notice } from '../gate/notice.js';
import { button } from '../panel/buttons.js';
import { element } from '../panel/element.js';

/** `dismissed`: the visitor has taken note. */
export function announcement(notice: Notice, dismissed: () => void): HTMLElement {
  const { texts, policy_url, announcement } = notice;
  const layer = element(
    'section',
    { class: 'layer announcement', position: 'bottom', 'aria-labelledby': 'announced' },
    element('p', { id: 'announced' }, announcement?.text ?? ''),
    element('p', {}, element('a', { href: policy_url }, texts.policy)),
    button('dismiss', texts.dismiss, () => {
      layer.remove();
      dismissed();
    }),
  );
  return layer;
}
