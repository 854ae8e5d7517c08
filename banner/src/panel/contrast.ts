/** Black or white, whichever reads better on a colour written `#rrggbb`; null when it is written otherwise. */
export function inkOn(colour: string): '#000' | '#fff' | null {
  const channels = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour)?.slice(1);
  if (!channels) return null;
  const luminance = relativeLuminance(channels.map((hex) => Number.parseInt(hex, 16) / 255));
  return contrast(luminance, 0) >= contrast(1, luminance) ? '#000' : '#fff';
}

// WCAG 2.2, relative luminance and contrast ratio.

function relativeLuminance(channels: readonly number[]): number {
  const [red, green, blue] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function contrast(lighter: number, darker: number): number {
  return (lighter + 0.05) / (darker + 0.05);
}
