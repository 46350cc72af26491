import { expect, test } from 'vitest';
import { renderTechsquadCrd } from './render-crd.ts';
import { parseTechsquadPrefetch } from './techsquad-prefetch.ts';

const metadata = { name: 'prefetch-sample', namespace: 'default', generation: 2 };
const parse = (spec: unknown) => parseTechsquadPrefetch({ apiVersion: 'x', kind: 'Prefetch', metadata, spec });

test("the operator's sample finds Deployments of all namespaces, and nodes by a part of their names", () => {
  const { spec, ...others } = parse({ filter_by_labels: { app: 'nginx' }, retry_after: 60, node_filter: 'worker' });
  expect(others).toEqual({
    ref: { kind: 'Prefetch.cache.techsquad.rocks', namespace: 'default', name: 'prefetch-sample' },
    generation: 2,
    problems: [],
    ownPods: true,
  });
  expect(spec.workloads).toEqual([{ kinds: ['Deployment'], selector: { matchLabels: { app: 'nginx' } } }]);
  expect(spec.nodes).toMatchObject({ names: ['*worker*'] });
  expect(spec).toMatchObject({ images: [], exclude: [], priority: 0, suspend: false });
});

test.each([
  ['no spec', undefined],
  ['an empty spec', {}],
  ['an empty filter', { filter_by_labels: {}, node_filter: '', retry_after: 0 }],
  ['nulls', { filter_by_labels: null, node_filter: null, retry_after: null }],
  ['a field that the operator does not know', { filter_by_name: 'nginx' }],
])('%s asks for nothing and is no problem', (_name, spec) => {
  expect(parse(spec)).toMatchObject({ problems: [], spec: { images: [], workloads: [] } });
  expect(parse(spec).spec.nodes).toBeUndefined();
});

const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, 'x']));

test.each([
  [{ filter_by_labels: { app: 7 } }, 'spec.filter_by_labels.app: expected text'],
  [{ filter_by_labels: ['app'] }, 'spec.filter_by_labels: expected a mapping'],
  [{ filter_by_labels: many }, 'spec.filter_by_labels: expected at most 64 labels'],
  [{ node_filter: 'a*b' }, "spec.node_filter: expected a part of a node's name"],
  [{ node_filter: 'a'.repeat(254) }, "spec.node_filter: expected a part of a node's name"],
  [{ retry_after: -1 }, 'spec.retry_after: expected a number >= 0'],
  ['text', 'spec: expected a mapping'],
])('%j is a problem and asks for nothing', (spec, problem) => {
  const parsed = parse(spec);
  expect(parsed.problems).toEqual([expect.stringContaining(problem)]);
  expect(parsed.spec.workloads).toEqual([]);
});

test('the definition takes what that of the operator takes', () => {
  const { spec } = renderTechsquadCrd() as { spec: { versions: [{ schema: { openAPIV3Schema: unknown } }] } };
  const types = JSON.parse(JSON.stringify(spec.versions[0].schema.openAPIV3Schema), (key, value) =>
    key === 'description' ? undefined : value,
  );
  expect(types.properties).toMatchObject({
    spec: {
      type: 'object',
      properties: {
        filter_by_labels: { type: 'object', additionalProperties: { type: 'string' } },
        node_filter: { type: 'string' },
        retry_after: { type: 'integer', minimum: 0 },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  });
  expect(JSON.stringify(types)).not.toContain('required');
});
