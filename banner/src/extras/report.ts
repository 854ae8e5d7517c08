// Report mode: once the page has loaded, a module looks for tags that run although nobody said yes.

import type { Gate } from '../gate/notice.js';

/** The content hash of the module, and kind of service → those that the site has of it. */
export interface Reporting {
  readonly hash: string;
  readonly services: Readonly<Record<string, readonly string[]>>;
}

export function start(gate: Gate, { hash, services }: Reporting): void {
  addEventListener('load', async () => (await import(`${gate.base}/v1/report.${hash}.js`)).watch(gate, services));
}
