import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aDeployment, aNamespace, aNode, aPrefetch, type PlainObject } from '../../testing/index.ts';
import { type FileContribution, combineFiles } from './combine-files.ts';
import { readText } from './read-text.ts';

function file(path: string, ...objects: readonly PlainObject[]): FileContribution {
  const text = objects.map(object => JSON.stringify(object)).join('\n---\n');
  return { path, ...readText(new TextEncoder().encode(text)) };
}

test('a namespace that is used but not declared exists, with the label of its name', () => {
  const { namespaces } = combineFiles(
    [file('a', aDeployment('web', ['x'], 'used'), aNamespace('other'))],
    undefined,
    [],
  );
  expect(namespaces).toEqual([
    { name: 'other', labels: { 'kubernetes.io/metadata.name': 'other' } },
    { name: 'used', labels: { 'kubernetes.io/metadata.name': 'used' } },
  ]);
});

test('of an object declared twice the first counts, and the other is told', () => {
  const files = [
    file('b.yaml', aNode('n1'), aDeployment('web', ['second'])),
    file('a.yaml', aDeployment('web', ['first'])),
  ];
  const { workloads, gaps } = combineFiles(files, undefined, []);
  expect(workloads.map(({ pod }) => pod.containers[0]?.image)).toEqual(['first']);
  expect(gaps).toEqual(['b.yaml:3: Deployment shop/web is declared at a.yaml:1 already, which counts; remove one']);
});

test('objects of the same name but another kind or namespace are no duplicates', () => {
  const objects = [aDeployment('a'), aDeployment('a', ['x'], 'b'), aPrefetch('a'), aNode('a'), aNamespace('a')];
  expect(combineFiles([file('a', ...objects)], undefined, []).gaps).toEqual([]);
});

test('failures and broken lines are gaps', () => {
  const broken: FileContribution = { path: 'a.yaml', objects: [], problems: [{ line: 3, text: 'tabs' }] };
  expect(combineFiles([broken], undefined, ['b: cannot be read']).gaps).toEqual([
    'b: cannot be read',
    'a.yaml:3: tabs',
  ]);
});

test('gaps are bounded in number, and say how many there are besides', () => {
  const { gaps } = combineFiles(
    [],
    undefined,
    Array.from({ length: 150 }, (_, index) => `gap ${index}`),
  );
  expect([gaps.length, gaps.at(-1)]).toEqual([101, 'and 50 more problems']);
});

test('the generation counts changes of a resource, and nothing else', () => {
  const generation = (state: ReturnType<typeof combineFiles>) => state.resources.map(resource => resource.generation);
  const first = combineFiles([file('a', aPrefetch('p'), aPrefetch('q'))], undefined, []);
  const moved = combineFiles([file('b', aPrefetch('p'), aPrefetch('q'))], first, []);
  const changed = combineFiles([file('b', aPrefetch('p', { images: ['new'] }), aPrefetch('q'))], moved, []);
  expect([first, moved, changed].map(generation)).toEqual([
    [1, 1],
    [1, 1],
    [2, 1],
  ]);
});

test('what did not change keeps its identity, the whole state included', () => {
  const objects = [aDeployment('a'), aDeployment('b'), aPrefetch('p'), aNode('n'), aNamespace('s')];
  const one = combineFiles([file('a', ...objects)], undefined, ['gap']);
  expect(combineFiles([file('a', ...objects)], one, ['gap'])).toBe(one);
  const two = combineFiles([file('a', ...objects, aNode('m'))], one, ['gap']);
  expect(two).not.toBe(one);
  expect(two.nodes[0]).toBe(one.nodes[0]);
  expect([two.workloads, two.resources, two.namespaces, two.gaps]).toEqual([
    one.workloads,
    one.resources,
    one.namespaces,
    one.gaps,
  ]);
  expect(two.workloads).toBe(one.workloads);
});

test('neither the order of files nor what was read before changes the state', () => {
  const pool = [aDeployment('a'), aDeployment('b'), aPrefetch('p'), aNode('n'), aDeployment('a', ['other'])];
  const files = fc
    .uniqueArray(fc.integer({ min: 0, max: pool.length - 1 }))
    .map(indices => indices.map(index => file(`f${index}`, pool[index] as PlainObject)));
  let duplicates = 0;
  fc.assert(
    fc.property(files, files, (before, now) => {
      const previous = combineFiles(before, undefined, []);
      const state = combineFiles(now, undefined, []);
      if (state.gaps.length > 0) duplicates += 1;
      expect(combineFiles(now.toReversed(), previous, [])).toEqual(state);
    }),
  );
  expect(duplicates).toBeGreaterThan(0);
});
