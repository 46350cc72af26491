import type { Setting, Settings } from './setting.ts';

export interface ProgramTitle {
  readonly name: string;
  readonly version: string;
  /** One sentence. */
  readonly purpose: string;
}

/** The text of `--help`: a row per setting in the order of the program's table. */
export function printHelp(rows: Settings, { name, purpose }: ProgramTitle): string {
  const head = ['flag', 'environment', 'default', 'meaning'];
  const body = Object.values(rows).map(row => [flagColumn(row), row.env, defaultColumn(row), row.meaning]);
  const own = [
    ['--help', '', '', 'print this and exit'],
    ['--version', '', '', 'print the version and exit'],
  ];
  return [`${name}: ${purpose}`, '', ...align([head, ...body, ...own]), ''].join('\n');
}

function flagColumn(setting: Setting): string {
  const flag = `--${setting.flag}`;
  switch (setting.type) {
    case 'boolean':
      return flag;
    case 'choice':
      return `${flag} ${setting.choices.join('|')}`;
    case 'integer':
      return `${flag} ${setting.min}..${setting.max}`;
    default:
      return `${flag} ${PLACEHOLDER[setting.type]}`;
  }
}

const PLACEHOLDER = {
  string: 'TEXT',
  list: 'A,B,…',
  duration: 'DURATION',
  address: 'HOST:PORT',
  folder: 'DIR',
  file: 'PATH',
} as const;

function defaultColumn(setting: Setting): string {
  if (setting.default !== undefined) return String(setting.default);
  if (setting.optional) return '';
  const where = Object.entries(setting.where ?? {}).map(([name, value]) => ` where ${name} is ${value}`);
  return `required${where.join(',')}`;
}

function align(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]?.map((_, column) => Math.max(...table.map(row => row[column]?.length ?? 0))) ?? [];
  return table.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
