import { SETTINGS } from './pull-settings.ts';

export const BARE = 'bare';
const COLUMNS = [BARE, ...SETTINGS.map(({ name }) => name)];

/** A row: the registry and the image, and by column the milliseconds of each round. */
export interface MeasuredRow {
  readonly name: string;
  readonly ms: ReadonlyMap<string, readonly number[]>;
}

/** The table of docs/runtime-settings.md, in seconds. Pure. */
export function settingsTable(rows: readonly MeasuredRow[]): string {
  const seconds = (ms: readonly number[] = []) => ms.map(each => (each / 1_000).toFixed(1)).join(', ');
  const cells = rows.map(({ name, ms }) => [name, ...COLUMNS.map(column => seconds(ms.get(column)))]);
  const lines = [['registry, image', ...COLUMNS], COLUMNS.map(() => '---').concat('---'), ...cells];
  return lines.map(line => `| ${line.join(' | ')} |\n`.replaceAll('|  |', '| |').replaceAll('|  |', '| |')).join('');
}
