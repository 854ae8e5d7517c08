import type { Gate } from '../gate/notice.js';
import type * as settings from '../settings/main.js';

/** The build writes the content hash of settings.js here. */
declare const __SAMTYKKE_SETTINGS__: string;

let attempts = 0;

/** The module of the settings, as soon as it can be had. */
export async function settingsOf({ base }: Gate): Promise<typeof settings> {
  for (;;) {
    try {
      return await import(`${base}/v1/settings.${__SAMTYKKE_SETTINGS__}.js#${attempts}`);
    } catch (error) {
      if (!attempts++) console.warn('samtykke', error);
      await new Promise((done) => addEventListener('online', done, { once: true }));
    }
  }
}
