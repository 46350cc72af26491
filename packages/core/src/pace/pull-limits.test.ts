import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aNode, aResource, aState } from '../../testing/index.ts';
import { collectAsks } from '../asks/collect-asks.ts';
import { groupNodes } from '../plans/group-nodes.ts';
import { decideLimits, type PaceSettings } from './pull-limits.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'].map(name =>
  aNode({ name, labels: { pool: name < 'n4' ? 'web' : 'gpu' } }),
);

function limitsOf(settings: PaceSettings = {}, slowed: Readonly<Record<string, number>> = {}) {
  const resource = (name: string, spec: Partial<PrefetchSpec>) =>
    aResource({ ref: { kind: 'ClusterPrefetch', name }, spec });
  const resources = [
    resource('one', { images: ['a', 'r.example/b'], pull: { maxConcurrentNodes: 1 } }),
    resource('quarter', { images: ['a'], pull: { maxConcurrentNodes: '25%' } }),
    resource('web', {
      images: ['web'],
      nodes: { selector: { matchLabels: { pool: 'web' } }, placement: 'Eligible' },
      pull: { maxConcurrentNodes: '50%' },
    }),
    resource('idle', { images: ['a'], suspend: true, pull: { maxConcurrentNodes: 3 } }),
    resource('any', { images: ['any'] }),
  ];
  const { asks } = collectAsks(aState({ resources }));
  const cohorts = groupNodes(asks, NODES);
  const decided = decideLimits({ settings, resources, cohorts, slowed: new Map(Object.entries(slowed)) });
  return (node: string, image: string) => decided(node, image).map(({ sentence }) => sentence);
}

test('a pull has the limits of all that ask for it, and a share counts the nodes that a resource reaches', () => {
  const limits = limitsOf();
  expect(limits('n1', 'a')).toEqual([
    'ClusterPrefetch one lets 1 node pull at once',
    'ClusterPrefetch quarter lets 2 nodes pull at once',
  ]);
  expect(limits('n1', 'web')).toEqual(['ClusterPrefetch web lets 2 nodes pull at once']);
  expect([limits('n5', 'web'), limits('n1', 'any'), limits('unknown', 'a')]).toEqual([[], [], []]);
});

test('the cluster and each registry have limits of their own, and a slowed registry the lower of two', () => {
  const settings = { maxConcurrentPulls: 9, maxConcurrentPullsPerRegistry: 4 };
  const cluster = 'the cluster may run 9 pulls at once';
  expect(limitsOf(settings, { 'docker.io': 1, 'r.example': 7 })('n1', 'any')).toEqual([
    cluster,
    'docker.io may have 1 pull at once, because it refused or failed',
  ]);
  expect(limitsOf(settings, { 'r.example': 7 })('n1', 'r.example/b').slice(0, 2)).toEqual([
    cluster,
    'r.example may have 4 pulls at once',
  ]);
  expect(limitsOf({}, { 'docker.io': 3 })('n1', 'any')).toEqual([
    'docker.io may have 3 pulls at once, because it refused or failed',
  ]);
  expect(limitsOf(settings)('n1', 'Not A Reference')).toEqual([cluster]);
});
