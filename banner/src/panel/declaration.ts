import type * as declaration from '../declaration/main.js';
import type { Gate } from '../gate/notice.js';
import { moduleOf } from './module.js';

/** The build writes the content hash of declaration.js here. */
declare const __SAMTYKKE_DECLARATION__: string;

export function declarationOf(gate: Gate): Promise<typeof declaration> {
  return moduleOf(gate, `declaration.${__SAMTYKKE_DECLARATION__}`);
}
