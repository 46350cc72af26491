import { createNodeTaints } from '@kube-prefetch/cluster';
import { createTwinApi, EVENTS, NODES } from '@kube-prefetch/cluster/testing';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import type { CellState } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aReport } from '../../testing/index.ts';
import { startVirtualLine } from '../../testing/virtual-line.ts';
import { createVirtualClock } from '@kube-prefetch/time/testing';

const TAINT = { key: 'kube-prefetch.io/not-warm', value: '', effect: 'NoSchedule' };
const OTHER = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };
const BASE = aResource({ ref: { kind: 'ClusterPrefetch', name: 'base' }, spec: { images: ['a', 'b'] } });

/** A line whose one node joins behind the gate, as the API server has it too. */
async function start({ resources = [BASE] } = {}) {
  const server = createTwinApi({ clock: createVirtualClock() });
  const line = startVirtualLine({
    gate: {
      taint: TAINT.key,
      resources: ['ClusterPrefetch base'],
      deadlineMs: 60_000,
      taints: createNodeTaints({ api: server, clock: createVirtualClock(), instance: 'coordinator-0' }),
    },
  });
  server.apply(NODES, { metadata: { name: 'n1' }, spec: { taints: [TAINT, OTHER] } });
  const node = aNode({ name: 'n1', taints: [TAINT, OTHER] });
  const tolerant = resources.map(resource => ({
    ...resource,
    spec: {
      ...resource.spec,
      nodes: { placement: 'Eligible' as const, tolerations: [{ operator: 'Exists' as const }] },
    },
  }));
  await line.show(aState({ nodes: [node], resources: tolerant }));
  let sequence = 0;
  return {
    ...line,
    server,
    async says(a: CellState, b: CellState) {
      sequence += 1;
      const cells = [a, b].map((state, index) => ({
        image: index === 0 ? 'a' : 'b',
        state,
        since: '2026-01-01T00:00:00Z',
      }));
      await line.coordinator.forNode('n1').report(aReport({ sequence, cells }), new AbortController().signal);
      await line.clock.advance(100);
    },
    taints: () =>
      (server.read(NODES, { name: 'n1' }) as unknown as { spec: { taints: { key: string }[] } }).spec.taints.map(
        ({ key }) => key,
      ),
    events: async () =>
      (await server.list(EVENTS, { limit: 10 }, new AbortController().signal)).items.map(
        ({ type, reason, message }) => `${String(type)} ${String(reason)}: ${String(message)}`,
      ),
  };
}

test('the taint comes off with the last image, no other taint does, and an Event tells of it', async () => {
  const { says, taints, events } = await start();
  await says('Present', 'Pulling');
  expect([taints(), await events()]).toEqual([[TAINT.key, 'dedicated'], []]);
  await says('Present', 'Present');
  expect([taints(), await events()]).toEqual([
    ['dedicated'],
    ['Normal NodeWarm: pods may start here now: 2 of 2 images are present'],
  ]);
});

test('a node that is not warm in time is opened all the same', async () => {
  const { clock, says, taints, events } = await start();
  await says('Present', 'Pulling');
  await clock.advance(59_000);
  expect(taints()).toEqual([TAINT.key, 'dedicated']);
  await clock.advance(2_000);
  expect(taints()).toEqual(['dedicated']);
  expect((await events())[0]).toMatch(
    /^Warning NodeNotWarmInTime: pods may start here now, after 60 s: .* missing: .*; to see why: kubectl prefetch explain node\/n1$/,
  );
});

test('while the resource does not exist the node waits', async () => {
  const { clock, taints } = await start({ resources: [] });
  await clock.advance(30_000);
  expect(taints()).toEqual([TAINT.key, 'dedicated']);
});

test('while the API server is away it is tried again, and nothing is lost', async () => {
  const { clock, server, says, taints, events } = await start();
  server.cutOff();
  await says('Present', 'Present');
  await clock.advance(5_000);
  server.restore();
  expect(taints()).toEqual([TAINT.key, 'dedicated']);
  await clock.advance(10_000);
  expect([taints(), (await events()).length]).toEqual([['dedicated'], 1]);
});

test('who does not lead opens no node', async () => {
  const { endTerm, clock, taints } = await start();
  await endTerm();
  await clock.advance(120_000);
  expect(taints()).toEqual([TAINT.key, 'dedicated']);
});

test('whose term is over by the clock opens no node, also where the loop stood still and no timer has run yet', async () => {
  const { beginTerm, endTerm, clock, server, says, taints } = await start();
  await endTerm();
  beginTerm(2, () => 20_000);
  await clock.advance(100);
  server.cutOff();
  await says('Present', 'Present');
  await clock.advance(12_000); // The statuses are written: nothing but the gate has something to do.
  clock.suspend(20_000);
  server.restore();
  await clock.advance(10_000);
  expect(taints()).toEqual([TAINT.key, 'dedicated']);
});
