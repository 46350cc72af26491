const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.4 GB`, by thousands as registries count. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** `1,234,567`. */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** `one image`, `3 images`. */
export function someText(count: number, one: string, many = `${one}s`): string {
  return `${count === 1 ? 'one' : countText(count)} ${count === 1 ? one : many}`;
}

/** Never 100 % before all is there, nor 0 % once something is. */
export function shareText(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (part / whole) * 100;
  if (part === whole) return '100 %';
  if (percent > 99.9) return '99.9 %';
  return `${part > 0 && percent < 0.1 ? '0.1' : percent.toFixed(1)} %`;
}

/** `8 s`, `3 min`, `2 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** For a canvas, which has no way to keep what turns the direction of text within a name: such characters are shown as one. */
export function visibleText(name: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return name.replaceAll(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd');
}
