/** RFC 9562, version 7: the time in ms, so that ids stand in the service's index in the order in which they came. */
export function uuid(time: number, random: Uint8Array = crypto.getRandomValues(new Uint8Array(16))): string {
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const id = `${time.toString(16).padStart(12, '0')}7${hex.slice(13, 16)}8${hex.slice(17)}`;
  return id.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
