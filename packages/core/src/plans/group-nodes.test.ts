import { aNode, aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import type { ClusterState, Node } from '../state/cluster-state.ts';
import { type Cohort, groupNodes } from './group-nodes.ts';

const cohortsOf = (state: ClusterState) => groupNodes(collectAsks(state).asks, state.nodes);
const named = (count: number, parts?: Partial<Node>) =>
  Array.from({ length: count }, (_, index) => aNode({ name: `node-${index}`, ...parts }));

const GPU_WORKLOAD = aWorkload({ pod: { nodeSelector: { pool: 'gpu' } } });
const WORKLOADS = [{ kinds: ['Deployment' as const], selector: {} }];

test('without asks the nodes still are in a cohort', () => {
  const cohorts = cohortsOf(aState({ nodes: named(3).toReversed() }));
  expect(cohorts).toEqual([
    expect.objectContaining({ asks: [], nodes: ['node-0', 'node-1', 'node-2'], held: undefined, ready: true }),
  ]);
});

test('without nodes there are no cohorts', () => {
  expect(cohortsOf(aState({ resources: [aResource({ spec: { images: ['web:1'] } })] }))).toEqual([]);
});

test.each<[what: string, parts: Partial<Node>]>([
  ['cordoned', { unschedulable: true }],
  ['not ready', { ready: false }],
  ['on another runtime', { runtimeVersion: 'docker://20.10.24' }],
  ['reached by another ask', { labels: { pool: 'gpu' } }],
])('a node that is %s is in a cohort of its own', (_what, parts) => {
  const resources = [aResource({ spec: { images: ['pause:3.10'], workloads: WORKLOADS } })];
  const nodes = [...named(2), aNode({ name: 'other', ...parts })];
  const cohorts = cohortsOf(aState({ resources, workloads: [GPU_WORKLOAD], nodes }));
  expect(new Set(cohorts.map(({ nodes: names }) => names.join()))).toEqual(new Set(['node-0,node-1', 'other']));
  expect(new Set(cohorts.map(({ key }) => key)).size).toBe(2);
});

test('nodes that differ only in what nobody asks about share a cohort', () => {
  const nodes = [
    aNode({ name: 'a', labels: { zone: 'a' } }),
    aNode({ name: 'b', taints: [{ key: 'spot', value: '', effect: 'PreferNoSchedule' }] }),
  ];
  const resources = [aResource({ spec: { images: ['pause:3.10'] } })];
  expect(cohortsOf(aState({ resources, nodes }))).toHaveLength(1);
});

test('the key stays while asks and condition stay, whatever nodes come and go', () => {
  const resources = [aResource({ spec: { images: ['pause:3.10'] } })];
  const keyOf = (state: ClusterState) => cohortsOf(state)[0]?.key;
  const key = keyOf(aState({ resources, nodes: named(2) }));
  expect(keyOf(aState({ resources: structuredClone(resources), nodes: named(3) }))).toBe(key);
  expect(keyOf(aState({ resources: [], nodes: named(2) }))).not.toBe(key);
  expect(keyOf(aState({ resources, nodes: named(2, { ready: false }) }))).not.toBe(key);
});

test('the key changes with what is written, even where nodes pull the same', () => {
  const keyOf = (image: string) => {
    const rewrite = ['a.example/', 'b.example/'].map(from => ({ from, to: 'r.example/' }));
    return cohortsOf(aState({ resources: [aResource({ spec: { images: [image], rewrite } })], nodes: named(1) }))[0]
      ?.key;
  };
  expect(keyOf('a.example/web:1')).not.toBe(keyOf('b.example/web:1'));
});

test('startup taints of the caller are ignored', () => {
  const resources = [aResource({ spec: { images: ['pause:3.10'] } })];
  const nodes = named(1, { taints: [{ key: 'vendor.example/booting', value: '', effect: 'NoExecute' }] });
  const asks = collectAsks(aState({ resources })).asks;
  expect(groupNodes(asks, nodes)[0]?.asks).toEqual([]);
  expect(groupNodes(asks, nodes, ['vendor.example/*'])[0]?.asks).toEqual(asks);
});

test("a cohort's asks keep their order", () => {
  const resources = ['a', 'b', 'c'].map((name, priority) =>
    aResource({
      ref: { kind: 'ClusterPrefetch', name },
      spec: {
        images: ['web:1', 'web:2'],
        priority,
        nodes: { placement: 'Eligible', names: [`*${priority % 2}`, '*'] },
      },
    }),
  );
  const asks = collectAsks(aState({ resources })).asks;
  expect(asks).toHaveLength(6);
  expect(groupNodes(asks, named(1))[0]?.asks).toEqual(asks);
});

test('nodes that the pods of agents cannot run on are apart', () => {
  const nodes = [aNode({ name: 'linux' }), aNode({ name: 'virtual', labels: { type: 'kwok' } })];
  const real = { key: 'type', operator: 'NotIn', values: ['kwok'] };
  const nodeAffinity = { terms: [{ matchExpressions: [real], matchFields: [] }] };
  const agents = { choice: undefined, pod: { nodeAffinity, tolerations: [], extendedResources: {} } };
  const applicable = (cohorts: readonly Cohort[]) =>
    Object.fromEntries(cohorts.flatMap(cohort => cohort.nodes.map(node => [node, cohort.applicable])));
  expect(applicable(groupNodes([], nodes, [], agents))).toEqual({ linux: true, virtual: false });
  expect(applicable(groupNodes([], nodes))).toEqual({ linux: true, virtual: true });
});
