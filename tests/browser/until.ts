import assert from 'node:assert/strict';

/** Looks again until it is so, for 20 s. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    assert(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}
