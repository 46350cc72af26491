import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Sources as the project ships them, without unit tests. */
const sources = globSync('packages/*/src/**/*.{ts,tsx}')
  .filter(path => !path.endsWith('.test.ts'))
  .sort()
  .map(path => ({ path, package: path.split('/')[1] ?? '', text: readFileSync(path, 'utf8') }));

const architecture = readFileSync('docs/architecture.md', 'utf8');
const allowed = new Map(
  rowsUnder('## Packages', 3).map(([name = '', , imports = '']) => [name, imports === '–' ? [] : imports.split(', ')]),
);
const onlyIn = rowsUnder('A `main.ts` and the', 2);

test('the import table names every package', () => {
  expect(new Set(allowed.keys())).toEqual(new Set(globSync('packages/*').map(path => path.split('/')[1])));
});

test.each([...allowed])('%s imports only what its row allows', (name, imports) => {
  const wrong = sources
    .filter(source => source.package === name)
    .flatMap(source =>
      ownImports(source.text)
        .filter(to => to.package !== name && !imports.includes(to.package))
        .map(to => `${source.path} imports ${to.specifier}`),
    );
  expect(wrong).toEqual([]);
});

test.each([...allowed])("%s's package.json depends on no package outside of its row", (name, imports) => {
  expect(
    ownDependencies(name).filter(dependency => !imports.includes(dependency.replace('@kube-prefetch/', ''))),
  ).toEqual([]);
});

test.each([...allowed.keys()])('what %s imports of ours, its package.json lists', name => {
  const listed = ownDependencies(name);
  const used = sources
    .filter(source => source.package === name)
    .flatMap(source => ownImports(source.text))
    .map(to => `@kube-prefetch/${to.package}`)
    .filter(dependency => dependency !== `@kube-prefetch/${name}`);
  expect([...new Set(used)].filter(dependency => !listed.includes(dependency))).toEqual([]);
});

test('shipped code never imports testing code', () => {
  const wrong = sources.filter(
    source =>
      source.package !== 'lab' && specifiers(source.text).some(specifier => /\/(testing|twin)\b/.test(specifier)),
  );
  expect(wrong.map(source => source.path)).toEqual([]);
});

test.each(onlyIn)('%s is used only in %s', (things, places) => {
  const homes = (places ?? '').split(', ');
  const users = sources.filter(source => (things ?? '').split(', ').some(thing => uses(source.text, thing)));
  expect(users.length).toBeGreaterThan(0);
  expect(users.map(source => source.path).filter(path => !homes.some(home => path.startsWith(home)))).toEqual([]);
});

test('only a main.ts, or the sources/ beside it, names the adapters', () => {
  const adapters =
    /create(ClientNodeApi|ManifestsSource|ManifestsStatusSink|HttpAgentApi|CriRuntime|DockerRuntime)\(|detectRuntime\(/;
  const wrong = sources.filter(
    source =>
      ['agent', 'coordinator'].includes(source.package) &&
      !/\/(main\.ts|sources\/[\w-]+\.ts)$/.test(source.path) &&
      adapters.test(source.text.replaceAll(/export (async )?function create\w+/g, '')),
  );
  expect(wrong.map(source => source.path)).toEqual([]);
});

test('no two folders import each other, their doors (index.ts) left aside', () => {
  const steps = new Set(
    sources
      .filter(({ path }) => !path.endsWith('/index.ts'))
      .flatMap(({ path, text }) =>
        specifiers(text)
          .filter(specifier => specifier.startsWith('.'))
          .map(specifier => [dirname(path), dirname(join(dirname(path), specifier))] as const),
      )
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => `${from} > ${to}`),
  );
  expect([...steps].filter(step => steps.has(step.split(' > ').toReversed().join(' > ')))).toEqual([]);
});

test('no two exported types have one name', () => {
  const places = sources
    .filter(({ path }) => !path.includes('/generated/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/^export (?:interface|type|class) (\w+)/gm)].map(([, name]) => ({ name, path })),
    );
  const same = [...Map.groupBy(places, ({ name }) => name).values()].filter(found => found.length > 1);
  expect(same).toEqual([]);
});

function ownDependencies(name: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(manifest.dependencies).filter(dependency => dependency.startsWith('@kube-prefetch/'));
}

/** The cells of the first table below a line that starts with `start`. */
function rowsUnder(start: string, columns: number): string[][] {
  const lines = architecture.slice(architecture.indexOf(start)).split('\n');
  const first = lines.findIndex(line => line.startsWith('| ---'));
  const rows: string[][] = [];
  for (const line of lines.slice(first + 1)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split('|')
        .slice(1, columns + 1)
        .map(cell => cell.trim()),
    );
  }
  return rows;
}

function specifiers(text: string): string[] {
  return [...text.matchAll(/(?:from|import|import\() ?'([^']+)'/g)].map(match => match[1] ?? '');
}

function ownImports(text: string): { package: string; specifier: string }[] {
  return specifiers(text)
    .filter(specifier => specifier.startsWith('@kube-prefetch/'))
    .map(specifier => ({ package: specifier.split('/')[1] ?? '', specifier }));
}

/** What a thing of the second table looks like in code, comments left aside. */
const SIGNS: Record<string, RegExp> = {
  timers: /\b(setTimeout|setInterval|setImmediate)\(|node:timers/,
  Date: /\bnew Date\b|\bDate\.(now|parse|UTC)\(/,
  performance: /\bperformance\.now\(|node:perf_hooks/,
  'Math.random': /\bMath\.random\(/,
  'AbortSignal.timeout': /\bAbortSignal\.timeout\(/,
};

function uses(text: string, thing: string): boolean {
  const sign = SIGNS[thing];
  if (sign === undefined)
    return specifiers(text).some(
      specifier => specifier === thing || (thing.endsWith('/') && specifier.startsWith(thing)),
    );
  return sign.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''));
}
