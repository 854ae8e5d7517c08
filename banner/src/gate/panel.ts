import type { PanelModule } from './notice.js';
import { base, config } from './own.js';

let attempts = 0;

/** The panel's module, only when somebody is asked or answers; without it nothing changes until the network is back. */
export async function panel(): Promise<PanelModule> {
  for (;;) {
    try {
      // Some browsers remember that a module failed to load; another fragment makes them ask again.
      return await import(`${base}/v1/panel.${config.panel}.js#${attempts}`);
    } catch (error) {
      if (!attempts++) console.warn('samtykke', error);
      await new Promise((done) => addEventListener('online', done, { once: true }));
    }
  }
}
