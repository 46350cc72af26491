import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, linksOf } from '../docs/markdown.ts';
import { readingOrder, sitePathOf } from '../docs/reading-order.ts';

interface Link {
  readonly page: string;
  readonly target: string;
}

const pages = globSync('**/*.md', { exclude: ['**/node_modules', '**/dist'] }).sort();
const links = pages.flatMap(page => linksOf(readFileSync(page, 'utf8')).map(target => ({ page, target })));
const relative = links.filter(({ target }) => !/^[a-z]+:/.test(target));

test.each(pages)('every relative link of %s leads somewhere', page => {
  const broken = relative.filter(link => link.page === page && !resolves(link));
  expect(broken.map(({ target }) => target)).toEqual([]);
});

test('every page is reached from README.md', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of relative.filter(link => link.page === page)) {
      const file = fileOf(link);
      if (pages.includes(file)) reached.add(file);
    }
  }
  expect(pages.filter(page => !reached.has(page))).toEqual([]);
});

test('README.md lists every page of docs/ below one question of a reader, and each has a place of its own on the site', () => {
  const sections = readingOrder(readFileSync('README.md', 'utf8'));
  const listed = sections.flatMap(section => section.pages);
  expect(sections.map(section => section.title)).toEqual([
    'What it is',
    'Try it',
    'Install it',
    'Use it',
    'Operate it',
    'Why it is so',
  ]);
  expect(pages.filter(page => /^docs\/[^/]+$/.test(page) && listed.filter(name => name === page).length !== 1)).toEqual(
    [],
  );
  expect(new Set(pages.map(sitePathOf)).size).toBe(pages.length);
});

test('every row of the threat model names a test, and every test that it names exists', () => {
  const [, model = ''] = readFileSync('docs/security.md', 'utf8').split('## Threat model');
  const [, , ...rows] = model.split('\n').filter(line => line.startsWith('|'));
  const named = rows.map(row => [...row.matchAll(/`([^` ]+\.ts)`/g)].map(([, path = '']) => path));
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((_, index) => named[index]?.length === 0)).toEqual([]);
  expect(named.flat().filter(path => !existsSync(path))).toEqual([]);
});

test.each<[string, string[]]>([
  ['a [page](docs/a.md) and a [picture](b.png "title")', ['docs/a.md', 'b.png']],
  ['[one](a.md#some-part)', ['a.md#some-part']],
  ['`[code](no.md)` and\n```sh\n[more](no.md)\n```\n[link](yes.md)', ['yes.md']],
  ['[reference]: a.md', ['a.md']],
])('links are found in %j', (text, targets) => {
  expect(linksOf(text)).toEqual(targets);
});

test.each([
  [{ page: 'docs/x.md', target: '../package.json' }, true],
  [{ page: 'docs/x.md', target: 'package.json' }, false],
  [{ page: 'CONTRIBUTING.md', target: '#commands' }, true],
  [{ page: 'docs/x.md', target: '../CONTRIBUTING.md#commands' }, true],
  [{ page: 'docs/x.md', target: '../CONTRIBUTING.md#no-such-part' }, false],
])('%j is checked', (link, expected) => {
  expect(resolves(link)).toBe(expected);
});

function resolves(link: Link): boolean {
  const file = fileOf(link);
  const [, part] = link.target.split('#');
  if (!existsSync(file)) return false;
  return part === undefined || (statSync(file).isFile() && anchorsOf(readFileSync(file, 'utf8')).includes(part));
}

function fileOf({ page, target }: Link): string {
  const [path = ''] = target.split('#');
  return path === '' ? page : join(dirname(page), path);
}
