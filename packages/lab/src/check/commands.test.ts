import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock as clock } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import { AGENT_SETTINGS } from '../../../agent/src/config.ts';
import type { Terminal } from '../../../cli/src/print/terminal.ts';
import { createProgram } from '../../../cli/src/program.ts';
import { SETTINGS } from '../../../coordinator/src/config.ts';
import {
  type BlockChanges,
  blockOf,
  blockRunsOf,
  changedCommands,
  linesOfCode,
  shellBlocksOf,
} from '../docs/markdown.ts';

const pages = globSync('**/*.md', { exclude: ['**/node_modules', '**/dist'] })
  .sort()
  .map(path => ({ path, text: readFileSync(path, 'utf8') }));
const blocks = pages.flatMap(({ path, text }) => shellBlocksOf(text).map(block => ({ page: path, ...block })));
const runs = globSync('test/**/*.ts').flatMap(test =>
  blockRunsOf(readFileSync(test, 'utf8')).map(run => ({ test, ...run })),
);
const code = pages.flatMap(({ path, text }) => linesOfCode(text).map(line => ({ page: path, line })));
const kubectlPrefetch = createProgram({ terminal: {} as Terminal, clock, signal: new AbortController().signal });

test('below every block of commands that no test runs a reader is told so', () => {
  expect(blocks.length).toBeGreaterThan(20);
  const silent = blocks.filter(({ runBy, notRun }) => runBy.length === 0 && notRun === undefined);
  // Write `<!-- run by test/x.test.ts -->` above the block, or `*Not run by a test: WHY.*` below it.
  expect(silent.map(({ page, commands }) => `${page}: ${commands}`)).toEqual([]);
});

test('a block is run by the tests that are said to run it, and by no others', () => {
  expect(runs.length).toBeGreaterThan(10);
  // Run it in the test by `runBlock('PAGE', 'HOW THE BLOCK BEGINS')` of @kube-prefetch/lab/docs: it reads the page.
  const wrong = blocks.flatMap(({ page, commands, runBy }) => {
    const found = runs.filter(run => run.page === page && commands.startsWith(run.start)).map(run => run.test);
    const same = found.toSorted().join() === runBy.toSorted().join();
    return same ? [] : [{ page, commands, said: runBy, found }];
  });
  expect(wrong).toEqual([]);
});

test('what a test runs of a page is one block of it', () => {
  const wrong = runs.filter(
    ({ page, start }) => blocks.filter(block => block.page === page && block.commands.startsWith(start)).length !== 1,
  );
  expect(wrong).toEqual([]);
});

test('every npm script that a page names exists, and knows the flags that it is given', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const named = code.flatMap(({ page, line }) =>
    [...line.matchAll(/^npm run (?:-{1,2}\w+ )*([a-z][\w:-]*)(.*)/g)].map(([, name = '', rest = '']) => {
      return { page, name, flags: flagsOf(rest.replace(/ -- (?!-).*| (#|&&|\|).*/, '')) };
    }),
  );
  expect(named.length).toBeGreaterThan(30);
  const wrong = named.filter(({ name, flags }) => {
    const [main] = /\S+\/main\.ts/.exec(scripts[name] ?? '') ?? [];
    return !(name in scripts) || flags.some(flag => !sourcesOf(main).includes(flag.replace(/^--/, '')));
  });
  expect(wrong).toEqual([]);
  const folders = code.flatMap(({ line }) => /^npm test -- ([\w ]+)/.exec(line)?.[1]?.split(' ') ?? []);
  expect(folders.filter(folder => folder !== 'unit' && !existsSync(`test/${folder}`))).toEqual([]);
});

test('what a page says of kubectl prefetch the program understands', () => {
  const said = code.flatMap(({ page, line }) =>
    [...line.matchAll(/kubectl[ -]prefetch(?= )([^|;&<>#]*)/g)].map(([, words = '']) => ({ page, words })),
  );
  expect(said.length).toBeGreaterThan(10);
  const wrong = said.filter(({ words }) => {
    const [name = ''] = words.trim().split(' ');
    const command = kubectlPrefetch.commands.find(one => one.name() === name);
    const known = new Set((command ?? kubectlPrefetch).options.flatMap(({ short, long }) => [short, long]));
    return (name !== '' && command === undefined) || flagsOf(words).some(flag => !known.has(flag));
  });
  expect(wrong).toEqual([]);
});

test('a flag that a page names alone is of a program of ours, or of one in this list', () => {
  const theirs = {
    helm: ['--set', '--force-replace', '--take-ownership'],
    kubelet: [
      '--image-credential-provider-bin-dir',
      '--image-credential-provider-config',
      '--image-service-endpoint',
      '--register-with-taints',
    ],
    'kube-fledged': ['--image-cache-refresh-frequency', '--image-pull-deadline-duration', '--image-pull-policy'],
    docker: ['--build-arg'],
    k3s: ['--selinux'],
    'Cluster Autoscaler': ['--startup-taint'],
  };
  const mains = globSync('packages/lab/src/**/main.ts').map(path => readFileSync(path, 'utf8'));
  const known = new Set([
    '--help',
    '--version',
    ...Object.values({ ...SETTINGS, ...AGENT_SETTINGS }).map(({ flag }) => `--${flag}`),
    ...mains.flatMap(text => [...text.matchAll(/\b([\w-]+)'?: \{ type: '/g)].map(([, flag]) => `--${flag}`)),
    ...kubectlPrefetch.commands.flatMap(({ options }) => options.map(({ long }) => long)),
    ...Object.values(theirs).flat(),
  ]);
  const named = code.flatMap(({ page, line }) => flagsOf(/^--.*/.exec(line)?.[0] ?? '').map(flag => ({ page, flag })));
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ flag }) => !known.has(flag))).toEqual([]);
});

test.each<[string, object]>([
  ['```sh\nls\n```\n', { commands: 'ls\n', runBy: [], notRun: undefined }],
  ['<!-- run by a.test.ts, b.test.ts -->\n```sh\nls\n```\n', { runBy: ['a.test.ts', 'b.test.ts'] }],
  ['```sh\nls\nps\n```\n\n*Not run by a test: it needs kind.*\n', { commands: 'ls\nps\n', notRun: 'it needs kind.' }],
  ['```console\nls\n```\n\nText.\n\n```sh\nps\n```\n\n*Not run by a test: why.*\n', { notRun: undefined }],
])('in %j the commands and what is said of them are found', (text, expected) => {
  expect(shellBlocksOf(text)[0]).toMatchObject(expected);
});

test.each<[string, BlockChanges, string | RegExp]>([
  ['ls A AB\n', { instead: { A: 'AB', AB: 'x' } }, 'ls AB x\n'],
  ['helm a --wait \\\n  --set b\nls\n', { leftOut: ['--wait', 'ls'] }, 'helm a  \\\n  --set b\n'],
  ['ls\nhelm a \\\n  --set b\nps', { leftOut: ['helm'] }, 'ls\nps\n'],
  ['ls\n', { instead: { ps: 'x' } }, /expected ps in/],
])('a test that runs %j with %j runs what is left', (commands, changes, expected) => {
  const page = `\`\`\`sh\n${commands.trimEnd()}\n\`\`\`\n\n*Not run by a test: why.*\n`;
  const result = () => changedCommands(blockOf(page, commands.slice(0, 2)), changes);
  if (typeof expected === 'string') expect(result()).toBe(expected);
  else expect(result).toThrow(expected);
});

test('nothing is left out of a block that the page does not say so of, and of two blocks that begin alike none is run', () => {
  const page = '```sh\nls a\n```\n\n```sh\nls b\n```\n';
  expect(() => changedCommands(blockOf(page, 'ls a'), { leftOut: ['ls'] })).toThrow('expected the page to say');
  expect(() => blockOf(page, 'ls')).toThrow('found 2');
  expect(() => blockOf(page, 'ps')).toThrow('found none');
  expect(blockRunsOf("await runBlock(\n  'a.md', `x $(y)`)")).toEqual([{ page: 'a.md', start: 'x $(y)' }]);
});

/** `--flag`, without what it is set to, and without a path's or a word's own hyphens. */
function flagsOf(words: string): readonly string[] {
  return [...words.matchAll(/(?<=^|[\s[])--?[a-zA-Z][\w-]*/g)].map(([flag]) => flag);
}

function sourcesOf(main: string | undefined): string {
  const files = main === undefined ? [] : globSync(join(dirname(main), '*.ts'));
  return files.map(path => readFileSync(path, 'utf8')).join('\n');
}
