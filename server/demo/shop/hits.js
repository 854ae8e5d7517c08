// Asks the collectors every second what they got since.

import { log, opened } from './log.js';
import { t } from './texts.js';

let last = 0;

export async function pollHits() {
  if (!document.hidden) {
    try {
      const answer = await fetch(`/demo/hits?after=${last}`);
      for (const hit of await answer.json()) {
        last = hit.seq;
        // Older ones were sent by an earlier page, perhaps under another answer.
        if (hit.at >= opened) log({ kind: 'sent', name: hit.collector, detail: describe(hit), at: hit.at });
      }
    } catch {
      // The next round asks again.
    }
  }
  setTimeout(pollHits, 1000);
}

function describe({ query, cookies }) {
  const fields = new URLSearchParams(query);
  const what = fields.get('en') ?? fields.get('e_a') ?? (fields.has('action_name') ? 'page_view' : '');
  return [what, cookies ? t.withCookies : t.withoutCookies].filter(Boolean).join(', ');
}
