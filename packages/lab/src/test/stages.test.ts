import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stagesOf } from './stages.ts';

test('unit tests come first, the API server runs beside the rest, and what compares figures comes last and alone', () => {
  const all = ['unit', 'api-server', 'chart', 'e2e', 'http', 'waves'];
  expect(stagesOf(all)).toEqual([[['unit']], [['api-server'], ['chart', 'http']], [['e2e', 'waves']]]);
});

test('what was not chosen leaves no empty stage or lane', () => {
  expect(stagesOf(['http'])).toEqual([[['http']]]);
  expect(stagesOf(['api-server', 'e2e'])).toEqual([[['api-server']], [['e2e']]]);
  expect(stagesOf([])).toEqual([]);
});

test('every folder runs once', () => {
  const folders = readdirSync('test', { withFileTypes: true }).filter(entry => entry.isDirectory());
  const projects = ['unit', ...folders.map(({ name }) => name)].sort();
  expect(stagesOf(projects).flat(2).sort()).toEqual(projects);
});
