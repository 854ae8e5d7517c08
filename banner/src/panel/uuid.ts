/** RFC 9562, version 7: the time in ms, so that ids stand in the service's index in the order in which they came. */
export function uuid(time: number, random: Uint8Array = crypto.getRandomValues(new Uint8Array(10))): string {
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const digits = time.toString(16).padStart(12, '0') + hex;
  return digits.replace(/(.{8})(.{4}).(...).(...)(.*)/, '$1-$2-7$3-8$4-$5');
}

/** The time, in ms, from which an id is certain to be later than this one, whatever the clock says. */
export function after(id: string): number {
  return Number.parseInt(id.replace('-', ''), 16) + 1;
}
