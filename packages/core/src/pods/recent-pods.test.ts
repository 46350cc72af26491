import { expect, test } from 'vitest';
import { aPod, aResource, aState, aWorkload } from '../../testing/index.ts';
import { collectAsks } from '../asks/collect-asks.ts';
import type { ClusterState, KeptPod, Workload } from '../state/cluster-state.ts';
import { describeRecentPods, noteRecentPods, type RecentPods } from './recent-pods.ts';

const HOUR = 3_600_000;
/** RFC 3339 at the hour, of the tenth day. */
const at = (hour: number) => `2026-01-10T${String(hour).padStart(2, '0')}:00:00.000Z`;
const ago = (hour: number) => (ms: number) => {
  const hours = hour - ms / HOUR;
  return hours >= 0
    ? at(hours)
    : `2026-01-0${9 + Math.floor(hours / 24) + 1}T${String(((hours % 24) + 24) % 24).padStart(2, '0')}:00:00.000Z`;
};

const pod = (image: string, parts: Partial<Workload> = {}): Workload =>
  aWorkload({ group: '', kind: 'Pod', name: image, pod: { containers: [{ name: 'main', image }] }, ...parts });
const ci = aResource({ spec: { workloads: [{ kinds: ['Pod'], selector: {}, keepFor: '2h' }] } });

function stateOf(all: readonly Workload[], parts: Partial<ClusterState> = {}, read = true): ClusterState {
  return aState({ resources: [ci], pods: { allowed: true, read, gaps: [], admitted: [], all }, ...parts });
}

const images = (state: ClusterState, recent: RecentPods) =>
  collectAsks(state, {}, [], recent).asks.map(({ image, sources }) => `${image} ${sources.join()}`);

test('an image stays wanted for keepFor after the last pod that used it, and no longer', () => {
  const seen = noteRecentPods(stateOf([pod('ci:1'), pod('ci:2')]), new Map(), ago(1));
  expect(images(stateOf([]), seen)).toEqual(['ci:1 pods in shop', 'ci:2 pods in shop']);
  const gone = noteRecentPods(stateOf([pod('ci:2')]), seen, ago(2));
  expect(images(stateOf([]), gone)).toEqual(['ci:1 pods that were in shop', 'ci:2 pods in shop']);
  expect(images(stateOf([]), noteRecentPods(stateOf([pod('ci:2')]), gone, ago(4)))).toHaveLength(2);
  const over = noteRecentPods(stateOf([pod('ci:2')]), gone, ago(5));
  expect(images(stateOf([]), over)).toEqual(['ci:2 pods in shop']);
});

test('a pod that ended counts until then', () => {
  const ended = pod('ci:1', { finished: true, endedAt: at(1) });
  const note = (hour: number) => images(stateOf([]), noteRecentPods(stateOf([ended]), new Map(), ago(hour)));
  expect([note(3), note(4)]).toEqual([['ci:1 pods that were in shop'], []]);
});

test('without keepFor it is a day', () => {
  const resources = [aResource({ spec: { workloads: [{ kinds: ['Pod'], selector: {} }] } })];
  const ended = pod('ci:1', { finished: true, endedAt: '2026-01-09T05:00:00Z' });
  const note = (hour: number) =>
    noteRecentPods(stateOf([ended], { resources }), new Map(), ago(hour)).get('Prefetch shop/web');
  expect([note(5)?.length, note(6)?.length]).toEqual([1, 0]);
});

test.each<[string, Workload, boolean]>([
  ['bare', pod('ci:1'), true],
  [
    'of a controller that is not known',
    pod('ci:1', { owner: { group: 'argoproj.io', kind: 'Workflow', name: 'w' } }),
    true,
  ],
  ['of a workload that is known', pod('ci:1', { owner: { group: 'apps', kind: 'Deployment', name: 'web' } }), false],
  ['static, of a node', pod('ci:1', { owner: { group: '', kind: 'Node', name: 'n1' } }), false],
  ['of another namespace', pod('ci:1', { namespace: 'other' }), false],
])('a pod that is %s: counts %#', (_name, found, counts) => {
  const recent = noteRecentPods(stateOf([found], { workloads: [aWorkload()] }), new Map(), ago(1));
  expect(recent.get('Prefetch shop/web')).toHaveLength(counts ? 1 : 0);
});

test('while pods have not been read nobody is gone, and a restarted coordinator goes on from the status', () => {
  const running = noteRecentPods(stateOf([pod('ci:1')]), new Map(), ago(1));
  const unread = noteRecentPods(stateOf([], {}, false), running, ago(9));
  expect(images(stateOf([]), unread)).toEqual(['ci:1 pods in shop']);

  const kept: KeptPod = { namespace: 'shop', lastUsed: at(1), pod: aPod({ containers: [{ image: 'ci:1' }] }) };
  const resources = [{ ...ci, recentPods: [kept, { ...kept, lastUsed: undefined as never, pod: aPod() }] }];
  const restarted = (hour: number) =>
    noteRecentPods(stateOf([], { resources }), new Map(), ago(hour)).get('Prefetch shop/web');
  expect(restarted(3)?.map(({ lastUsed }) => lastUsed)).toEqual([at(3), at(1)]);
  expect(restarted(4)?.map(({ lastUsed }) => lastUsed)).toEqual([at(4)]);
});

test('equal pods are one entry, those that are there and the latest come first, and the same stay the same objects', () => {
  const shared = pod('ci:1');
  const all = [
    shared,
    { ...shared, name: 'b' },
    pod('ci:2', { finished: true, endedAt: at(1) }),
    pod('ci:3', { finished: true, endedAt: at(2) }),
  ];
  const first = noteRecentPods(stateOf(all), new Map(), ago(2));
  const names = first.get('Prefetch shop/web')?.map(({ pod: { containers } }) => containers[0]?.image);
  expect(names).toEqual(['ci:1', 'ci:3', 'ci:2']);
  const second = noteRecentPods(stateOf(all), first, ago(3));
  expect(
    second.get('Prefetch shop/web')?.every((kept, index) => kept === first.get('Prefetch shop/web')?.[index]),
  ).toBe(true);
});

test('a status says at most 50 of them, and nothing about what is larger than it may hold', () => {
  const many = Array.from({ length: 60 }, (_, index) => pod(`ci:${index}`));
  const kept =
    noteRecentPods(stateOf([...many, pod(`ci/${'x'.repeat(5_000)}`)]), new Map(), ago(1)).get('Prefetch shop/web') ??
    [];
  expect(kept).toHaveLength(61);
  expect(describeRecentPods(ci, kept)).toHaveLength(50);
  expect(describeRecentPods(ci, [])).toBeUndefined();
  expect(describeRecentPods({ ...ci, recentPods: kept }, [])).toEqual([]);
});
