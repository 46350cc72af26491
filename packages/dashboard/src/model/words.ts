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
