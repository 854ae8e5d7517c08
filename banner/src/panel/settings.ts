import type { Gate } from '../gate/notice.js';
import type * as settings from '../settings/main.js';
import { moduleOf } from './module.js';

/** The build writes the content hash of settings.js here. */
declare const __SAMTYKKE_SETTINGS__: string;

export function settingsOf(gate: Gate): Promise<typeof settings> {
  return moduleOf(gate, `settings.${__SAMTYKKE_SETTINGS__}`);
}
