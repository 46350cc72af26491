import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { shellBlocksOf } from '../docs/markdown.ts';

const pages = globSync('**/*.md', { exclude: ['**/node_modules', '**/dist'] }).sort();
const blocks = pages.flatMap(page => shellBlocksOf(readFileSync(page, 'utf8')).map(block => ({ page, ...block })));

test('below every block of commands that no test runs a reader is told so', () => {
  expect(blocks.length).toBeGreaterThan(20);
  const silent = blocks.filter(({ runBy, notRun }) => runBy.length === 0 && notRun === undefined);
  // Write `<!-- run by test/x.test.ts -->` above the block, or `*Not run by a test: WHY.*` below it.
  expect(silent.map(({ page, commands }) => `${page}: ${commands}`)).toEqual([]);
});

test('a test that is said to run the commands of a page exists and reads that page', () => {
  const said = blocks.flatMap(({ page, runBy }) => runBy.map(path => ({ page, path })));
  const wrong = said.filter(({ page, path }) => !existsSync(path) || !readFileSync(path, 'utf8').includes(page));
  expect(said.length).toBeGreaterThan(5);
  expect(wrong).toEqual([]);
});

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const named = pages.flatMap(page =>
    [...readFileSync(page, 'utf8').matchAll(/(?:^|`)npm run (?:-{1,2}\w+ )*([a-z][\w:-]*)/gm)].map(
      ([, name = '']) => name,
    ),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(name => !(name in scripts))).toEqual([]);
});

test.each<[string, object]>([
  ['```sh\nls\n```\n', { commands: 'ls\n', runBy: [], notRun: undefined }],
  ['<!-- run by a.test.ts, b.test.ts -->\n```sh\nls\n```\n', { runBy: ['a.test.ts', 'b.test.ts'] }],
  ['```sh\nls\nps\n```\n\n*Not run by a test: it needs kind.*\n', { commands: 'ls\nps\n', notRun: 'it needs kind.' }],
  ['```console\nls\n```\n\nText.\n\n```sh\nps\n```\n\n*Not run by a test: why.*\n', { notRun: undefined }],
])('in %j the commands and what is said of them are found', (text, expected) => {
  expect(shellBlocksOf(text)[0]).toMatchObject(expected);
});
