import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REGISTRIES } from './pull-settings.ts';
import { BARE, settingsTable } from './settings-table.ts';

test('what is printed is the table that docs/runtime-settings.md has', () => {
  const rows = REGISTRIES.flatMap(({ name, settings }) =>
    ['one layer', 'ten layers'].map(image => {
      const columns = [BARE, ...settings.map(setting => setting.name)];
      return { name: `${name}, ${image}`, ms: new Map(columns.map(column => [column, [31_240, 7_000]])) };
    }),
  );
  const shape = (table: string) => table.replaceAll(/\d+\.\d(, \d+\.\d)*/g, '0.0');
  expect(settingsTable(rows)).toContain('| paced, one layer | 31.2, 7.0 | 31.2, 7.0 |');
  expect(shape(readFileSync('docs/runtime-settings.md', 'utf8'))).toContain(shape(settingsTable(rows)));
});
