import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NEEDS } from './needs.ts';

test('each folder under test/ says what it needs', () => {
  const folders = readdirSync('test', { withFileTypes: true }).filter(entry => entry.isDirectory());
  expect(Object.keys(NEEDS)).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
});
