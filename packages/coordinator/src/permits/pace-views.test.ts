import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { MAX_OVERVIEW_LIMITS, messageParser, Overview } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { aCell, aPermitRequest, aReport, never, startVirtualLine, want } from '../../testing/index.ts';
import { paceOverview } from './pace-views.ts';

test('the overview tells each limit with what uses it and waits for it, waves by image, and registries that refuse', async () => {
  const line = startVirtualLine({ limits: { maxConcurrentPulls: 3, parallelPulls: 2 } });
  const nodes = ['n1', 'n2', 'n3', 'n4'].map(name => aNode({ name, labels: { 'kubernetes.io/arch': 'arm64' } }));
  const spread = { seeds: 1, fanout: 1 };
  const ref = { kind: 'ClusterPrefetch', name: 'one' } as const;
  const resources = [
    aResource({ spec: { images: ['r.example/wave'], pull: { spread } } }),
    aResource({ ref, spec: { images: ['a', 'b'], pull: { maxConcurrentNodes: 1 } } }),
  ];
  await line.show(aState({ nodes, resources }));
  await line.clock.advance(30_000);
  const pulling = (image: string) => aCell({ image, state: 'Pulling' });
  const failed = (image: string) =>
    aCell({ image, state: 'Failed', attempts: 1, failure: { kind: 'RateLimited', message: '429' } });
  const report = (node: string, ...cells: ReturnType<typeof aCell>[]) =>
    line.coordinator.forNode(node).report(aReport({ cells }), never());
  await report(
    'n1',
    pulling('a'),
    aCell({ image: 'b', state: 'Waiting', waitingFor: 'Slot' }),
    failed('r.example/wave'),
  );
  await report('n2', failed('r.example/wave'));
  await report('n3', aCell({ image: 'r.example/wave' }));
  await line.clock.advance(1_000);
  const ask = (node: string, parts: Parameters<typeof aPermitRequest>[0]) =>
    line.coordinator.forNode(node).permits(aPermitRequest({ waitMs: 10_000, ...parts }), never());
  void ask('n1', { holding: ['a'], wanting: want('b') });
  void ask('n2', { wanting: want('a', 'r.example/wave') });
  void ask('n4', { wanting: want('r.example/wave') });
  await line.clock.advance(0);
  const { limits, waves, registries, leftOut } = messageParser(Overview, 'overview')(line.coordinator.overview());
  expect(limits).toEqual([
    { kind: 'Node', name: 'n1', counts: 'Pulls', most: 2, used: 1, waiting: 1 },
    { kind: 'Resource', name: 'ClusterPrefetch one', counts: 'Nodes', most: 1, used: 1, waiting: 1 },
    { kind: 'Cluster', counts: 'Pulls', most: 3, used: 2, waiting: 0 },
  ]);
  const counts = { holders: 1, countedHolders: 0, allowed: 1, pulling: 0, stuck: 0, waiting: 2 };
  const moreFrom = '2026-01-01T00:00:33.120Z';
  expect(waves).toEqual([{ image: 'r.example/wave', architecture: 'arm64', ...counts, moreFrom }]);
  const at = '2026-01-01T00:00:30.100Z';
  const end = '2026-01-01T00:01:00.100Z';
  expect(registries).toEqual([
    {
      registry: 'r.example',
      slowed: { most: 1, ranBefore: 2, raisedAt: end, endsAt: end },
      rateLimited: 2,
      unavailable: 0,
      lastRefusal: { at, kind: 'RateLimited', node: 'n2', image: 'r.example/wave' },
    },
  ]);
  expect(leftOut).toEqual({ limits: 0, waves: 0, registries: 0, looks: 0 });
  const { text } = await line.coordinator.exposeMetrics();
  for (const sample of [
    'limit{limit="cluster",registry="",is="allowed"} 3',
    'limit{limit="cluster",registry="",is="used"} 2',
    'limit{limit="resource",registry="",is="waited_for"} 1',
    'registry_slowed{registry="r.example"} 0.5',
    'waves{state="seeding"} 1',
    'wave_nodes{state="holding"} 1',
    'wave_nodes{state="counted"} 0',
    'wave_nodes{state="waiting"} 2',
  ]) {
    expect(text).toContain(`kube_prefetch_coordinator_${sample}\n`);
  }
});

test('of more than the lists have room for, those that hold up most are told', () => {
  const nodes = Array.from({ length: MAX_OVERVIEW_LIMITS + 7 }, (_, i) => ({
    name: `n${i}`,
    pulling: 1,
    waitingForSlot: i,
  }));
  const pace = { limits: [], nodes, parallelPulls: 2, registries: [] };
  const { limits, leftOut } = paceOverview(pace, createVirtualClock());
  expect([limits.length, limits[0]?.name, limits.at(-1)?.name, leftOut.limits]).toEqual([
    MAX_OVERVIEW_LIMITS,
    `n${MAX_OVERVIEW_LIMITS + 6}`,
    'n7',
    7,
  ]);
});
