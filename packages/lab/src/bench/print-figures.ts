/** One line of the result. `held` is absent where the figure has no target. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly target?: string;
  readonly held?: boolean;
}

export function printFigures(figures: readonly Figure[]): void {
  const width = Math.max(...figures.map(figure => figure.name.length));
  console.log('');
  for (const { name, value, target, held } of figures) {
    const verdict = target === undefined ? '' : `  (target: ${target}: ${held ? 'held' : 'MISSED'})`;
    console.log(`${name.padEnd(width)}  ${value}${verdict}`);
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] =
    sorted.length % 2 === 1 ? [sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}

/** `7.31 s [7.02-7.55]`: median, least and most. */
export function spread(valuesMs: readonly number[]): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  return `${seconds(median(valuesMs))} s [${seconds(Math.min(...valuesMs))}-${seconds(Math.max(...valuesMs))}]`;
}
