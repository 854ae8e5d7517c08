import type { Gate } from '../gate/notice.js';

const failures = new Map<string, number>();

/** A module of the service, as soon as it can be had. */
export async function moduleOf<Module>({ base }: Gate, name: string): Promise<Module> {
  for (;;) {
    const failed = failures.get(name) ?? 0;
    try {
      // Some browsers remember that a module failed to load; another fragment makes them ask again.
      return await import(`${base}/v1/${name}.js#${failed}`);
    } catch (error) {
      if (!failed) console.warn('samtykke', error);
      failures.set(name, failed + 1);
      await new Promise((done) => addEventListener('online', done, { once: true }));
    }
  }
}
