import { expect, test } from 'vitest';
import { RESOURCE_CASES } from '../../testing/resource-cases.ts';
import { parseResource } from './parse-resource.ts';
import { API_VERSION } from './prefetch.ts';
import { RULES } from './cross-field-rules.ts';

const document = (kind: string, spec: unknown) => ({ apiVersion: API_VERSION, kind, metadata: { name: 'a' }, spec });

test.each(RESOURCE_CASES)('$name', ({ document: given, problems }) => {
  const parsed = parseResource(given);
  expect(parsed.problems).toEqual(problems.map(text => expect.stringContaining(text)));
});

test('every rule is broken by a case of the table', () => {
  const told = RESOURCE_CASES.flatMap(({ document: given }) => parseResource(given).problems);
  for (const rule of RULES) expect(told).toContain(`spec: ${rule.message}`);
});

test('defaults are filled in, and only those', () => {
  const { spec } = parseResource(document('Prefetch', { workloads: [{ selector: {} }], nodes: {} }));
  expect(spec).toEqual({
    images: [],
    workloads: [{ kinds: ['Deployment'], selector: {} }],
    exclude: [],
    rewrite: [],
    nodes: { placement: 'Eligible' },
    imagePullSecrets: [],
    priority: 0,
    suspend: false,
  });
});

test('defaults of one resource are not shared with the next', () => {
  const [one, two] = [1, 2].map(() => parseResource(document('Prefetch', { workloads: [{ selector: {} }] })).spec);
  expect(one?.images).not.toBe(two?.images);
});

test('what has problems asks for nothing', () => {
  const { spec } = parseResource(document('Prefetch', { images: ['nginx'], priority: 1 }));
  expect(spec).toMatchObject({ images: [], workloads: [] });
});

test.each([
  [{ name: 'a' }, 'Prefetch', { kind: 'Prefetch', namespace: 'default', name: 'a' }],
  [{ name: 'a', namespace: 'shop' }, 'Prefetch', { kind: 'Prefetch', namespace: 'shop', name: 'a' }],
  [{ name: 'a' }, 'ClusterPrefetch', { kind: 'ClusterPrefetch', name: 'a' }],
  [{ name: 'a', namespace: 'shop' }, 'ClusterPrefetch', { kind: 'ClusterPrefetch', name: 'a' }],
])('metadata %j of a %s names %j', (metadata, kind, ref) => {
  expect(parseResource({ apiVersion: API_VERSION, kind, metadata, spec: {} }).ref).toEqual(ref);
});

test('the generation is the one that the API server counts', () => {
  const given = { apiVersion: API_VERSION, kind: 'Prefetch', metadata: { name: 'a', generation: 7 }, spec: {} };
  expect(parseResource(given).generation).toBe(7);
});

test.each([
  ['another version', { apiVersion: 'kube-prefetch.io/v9', kind: 'Prefetch' }, `apiVersion: expected ${API_VERSION}`],
  ['another kind', { apiVersion: API_VERSION, kind: 'Pod' }, 'kind: expected Prefetch or ClusterPrefetch, got "Pod"'],
])('%s is a problem', (_name, given, problem) => {
  expect(parseResource({ spec: { images: ['a'] }, ...given }).problems).toContainEqual(
    expect.stringContaining(problem),
  );
});

const deep = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)) as unknown;

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', 'x'],
  ['a list', []],
  ['a function', () => {}],
  ['nested without end', document('Prefetch', { images: deep, nodes: deep })],
  ['a prototype as a field', document('Prefetch', JSON.parse('{"__proto__": {"images": ["a"]}}'))],
])('%s never throws and always has problems, of bounded number and length', (_name, given) => {
  const { problems } = parseResource(given);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.join('').length).toBeLessThan(4_000);
});

test('no document gives more than ten problems', () => {
  const spec = {
    images: Array(100).fill(1),
    ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, 1])),
  };
  expect(parseResource(document('Prefetch', spec)).problems.length).toBeLessThanOrEqual(10);
});
