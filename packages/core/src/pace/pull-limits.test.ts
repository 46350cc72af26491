import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aNode, aResource, aState } from '../../testing/index.ts';
import { collectAsks } from '../asks/collect-asks.ts';
import { groupNodes } from '../plans/group-nodes.ts';
import { decideLimits, type PaceSettings } from './pull-limits.ts';
import { type WaveNews, waveLimit } from './waves.ts';

const NEWS: WaveNews = { holders: 0, fresh: [], nextHolderMs: Infinity, stuck: 0, isLater: () => false };
const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'].map(name =>
  aNode({ name, labels: { pool: name < 'n4' ? 'web' : 'gpu' } }),
);

function limitsOf(settings: PaceSettings = {}, slowed: Readonly<Record<string, number>> = {}, holders = 0) {
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
    resource('waves', { images: ['wave'], pull: { spread: { seeds: 2, fanout: 'all' } } }),
    resource('more', { images: ['wave'], pull: { spread: { seeds: 3, fanout: 4 } } }),
    resource('idle waves', { images: ['wave'], suspend: true, pull: { spread: { seeds: 1, fanout: 1 } } }),
  ];
  const { asks } = collectAsks(aState({ resources }));
  const cohorts = groupNodes(asks, NODES);
  const architectureOf = (node: string) => (node === 'n5' ? 'arm64' : 'amd64');
  const waveOf = (_image: string, architecture: string) => (architecture === 'amd64' ? { ...NEWS, holders } : NEWS);
  const decided = decideLimits({
    settings,
    resources,
    cohorts,
    slowed: new Map(Object.entries(slowed)),
    architectureOf,
    waveOf,
  });
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

test('an image is spread in waves of nodes of one architecture: as many as hold it let others pull', () => {
  const waves = 'the image is spread in waves, and';
  expect(limitsOf()('n1', 'wave')).toEqual([`${waves} 2 nodes may pull it until one holds it`]);
  expect(limitsOf({}, {}, 1)('n1', 'wave')).toEqual([`${waves} 4 nodes may pull it while 1 holds it`]);
  expect(limitsOf({}, {}, 3)('n1', 'wave')).toEqual([`${waves} 12 nodes may pull it while 3 hold it`]);
  expect(limitsOf({}, {}, 3)('n5', 'wave')).toEqual([`${waves} 2 nodes may pull it until one holds it`]);
  const settings = { spread: { seeds: 1, fanout: 'all' } };
  expect(limitsOf(settings)('n1', 'any')).toEqual([`${waves} 1 node may pull it until one holds it`]);
  expect(limitsOf(settings, {}, 1)('n1', 'any')).toEqual([]);
});

test.each<[string, Partial<WaveNews>, number, string[]]>([
  ['a pull that stands still takes no turn', { stuck: 2 }, 3, []],
  ['the first holder takes one until a mirror has found it', { fresh: ['n1'] }, 1, ['n1']],
  ['later holders take none', { holders: 2, fresh: ['n1'] }, 4, []],
])('%s', (_case, news, most, using) => {
  const limit = waveLimit('a', 'amd64', { seeds: 1, fanout: 2 }, { ...NEWS, ...news });
  expect([limit?.most, [...(limit?.alsoUsing ?? [])]]).toEqual([most, using]);
});
