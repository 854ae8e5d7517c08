/** RFC 9562: version 7 with a time in ms, version 4 without. `crypto.randomUUID` is missing on pages without https. */
export function uuid(time?: number, random: Uint8Array = crypto.getRandomValues(new Uint8Array(16))): string {
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const head = time ? `${time.toString(16).padStart(12, '0')}7` : `${hex.slice(0, 12)}4`;
  return (head + hex.slice(13, 16) + 8 + hex.slice(17)).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
