import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { FAILURE_KINDS } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { startVirtualLine } from '../testing/index.ts';
import { createMetrics } from './metrics.ts';

const KINDS = ['none', ...FAILURE_KINDS];

test('pulls are counted by registry and kind, and what is beyond a hundred registries together', async () => {
  const metrics = createMetrics();
  for (let i = 0; i < 100; i += 1) metrics.pullEnded(`r${i}.example/a:1`, 'pulled');
  metrics.pullEnded('late.example/a:1', 'NotFound');
  metrics.pullEnded('later.example/a:1', 'NotFound');
  metrics.pullEnded('r7.example/b:1', 'RateLimited');
  const text = await metrics.registry.getSingleMetricAsString('kube_prefetch_coordinator_pulls_total');
  const samples = text.split('\n').filter(line => !line.startsWith('#'));
  expect(samples).toHaveLength(101 * KINDS.length);
  expect(samples.filter(sample => !sample.endsWith(' 0'))).toHaveLength(102);
  expect(samples).toContain('kube_prefetch_coordinator_pulls_total{registry="r7.example",kind="RateLimited"} 1');
  expect(samples).toContain('kube_prefetch_coordinator_pulls_total{registry="other",kind="NotFound"} 2');
});

test('before the first pull from a registry, every end that it may have has been 0', async () => {
  const line = startVirtualLine();
  const resources = [aResource({ spec: { images: ['r.example/a:1'] } })];
  await line.show(aState({ resources, nodes: [aNode({ name: 'n1' })] }));
  const { text } = await line.coordinator.exposeMetrics();
  const samples = text.split('\n').filter(sample => sample.startsWith('kube_prefetch_coordinator_pulls_total{'));
  expect(samples).toEqual(
    KINDS.map(kind => `kube_prefetch_coordinator_pulls_total{registry="r.example",kind="${kind}"} 0`),
  );
});

test('times to warm are in seconds', async () => {
  const metrics = createMetrics();
  metrics.becameWarm(2_400);
  metrics.becameWarm(90_000);
  const text = await metrics.registry.getSingleMetricAsString('kube_prefetch_coordinator_time_to_warm_seconds');
  for (const sample of ['bucket{le="2.5"} 1', 'bucket{le="60"} 1', 'bucket{le="120"} 2', 'sum 92.4']) {
    expect(text).toContain(`kube_prefetch_coordinator_time_to_warm_seconds_${sample}`);
  }
});
