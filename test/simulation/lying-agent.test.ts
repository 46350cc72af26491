import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import {
  ApiError,
  CELL_STATES,
  type CellReport,
  FAILURE_KINDS,
  MAX_MESSAGE_LENGTH,
  type NodeReport,
  type PermitRequest,
  type PrefetchStatus,
  WAIT_REASONS,
} from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { olderPodOf, simulateCluster } from './simulate-cluster.ts';

const MIB = 1024 * 1024;
const IMAGES = ['r.example/a:1', 'r.example/b:1', 'r.example/c:1'];
const PARALLEL_PULLS = 4;
const never = new AbortController().signal;

const count = fc.oneof(fc.nat(), fc.constantFrom(0, 1e15, Number.MAX_SAFE_INTEGER));
const time = fc.constantFrom('1970-01-01T00:00:00.000Z', '2999-12-31T23:59:59.999Z', 'yesterday', '');
const text = (maxLength: number) =>
  fc.oneof(fc.string({ maxLength }), fc.constant('\u001B[31m<script>'.padEnd(maxLength, 'x').slice(0, maxLength)));
const image = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...IMAGES) },
  { weight: 1, arbitrary: fc.nat({ max: 5_000 }).map(n => `evil.example/${n}:1`) },
);
const failure = fc.record({ kind: fc.constantFrom(...FAILURE_KINDS), message: text(MAX_MESSAGE_LENGTH) });
const cell: fc.Arbitrary<CellReport> = fc.record(
  {
    image,
    state: fc.constantFrom(...CELL_STATES),
    since: time,
    waitingFor: fc.constantFrom(...WAIT_REASONS),
    failure,
    failingSince: time,
    attempts: count,
    nextTry: time,
    sizeBytes: count,
    digests: fc.array(text(600), { maxLength: 4 }),
    pull: fc.record({ elapsedMs: count, doneBytes: count, totalBytes: count }),
  },
  { requiredKeys: ['image', 'state', 'since'] },
);
const report: fc.Arbitrary<NodeReport> = fc.record(
  {
    agent: fc.record({ id: fc.constantFrom('one', 'other', 'n1-1'), startedAt: time, version: text(64) }),
    sequence: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Number.MAX_SAFE_INTEGER)),
    full: fc.boolean(),
    planRevision: text(128),
    runtime: fc.record({ name: text(64), version: text(64), failure }, { requiredKeys: [] }),
    cells: fc.array(cell, { maxLength: 40 }),
    gone: fc.array(image, { maxLength: 5 }),
  },
  { requiredKeys: ['agent', 'sequence', 'full', 'runtime', 'cells', 'gone'] },
);
const permits: fc.Arbitrary<PermitRequest> = fc.record({
  holding: fc.array(image, { maxLength: 40 }),
  wanting: fc.array(fc.record({ image, priority: fc.integer() }), { maxLength: 40 }),
  waitMs: fc.constantFrom(0, 1_000, 55_000),
});

test('an agent with a good token that lies in every field delays and changes nothing of other nodes', async () => {
  const seen = { reports: 0, refused: 0, granted: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(report, permits), { minLength: 20, maxLength: 60 }), async lies => {
      const simulated = simulateCluster({ nodes: ['n1', 'n2'], limits: { maxConcurrentPulls: PARALLEL_PULLS } });
      const { clock, registry, nodes } = simulated;
      for (const name of IMAGES) registry.publish(name, { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
      simulated.set(
        aState({
          nodes: ['liar', 'n1', 'n2'].map(name => aNode({ name })),
          resources: [aResource({ spec: { images: IMAGES } })],
        }),
      );
      const liar = simulated.coordinator().forNode('liar');
      // The agent of an older pod of a good node, as after an upgrade.
      const older = simulated.coordinator().forNode('n1', olderPodOf('n1'));
      const stop = new AbortController();
      const unplanned: string[] = [];
      const refused = (error: unknown) => {
        if (!(error instanceof ApiError) && !stop.signal.aborted) throw error;
        seen.refused += 1;
      };
      for (const [lie, request] of lies) {
        seen.reports += 1;
        void liar.report(lie, never).catch(refused);
        void older.report(lie, never).catch(refused);
        void liar.permits(request, stop.signal).then(({ granted }) => {
          seen.granted += granted.length;
          unplanned.push(...granted.map(grant => grant.image).filter(name => !IMAGES.includes(name)));
        }, refused);
        await clock.advance(1_000);
      }
      await clock.advance(60_000);

      expect(unplanned).toEqual([]);
      expect([...nodes.values()].map(node => node.runtime.pulls())).toEqual([3, 3]);
      const overview = simulated.coordinator().overview();
      for (const name of nodes.keys()) {
        expect(overview.nodes.find(node => node.name === name)).toMatchObject({
          agent: 'Reporting',
          cells: { Present: 3, Waiting: 0, Failed: 0 },
        });
      }
      const status = simulated.statuses.statuses.get('Prefetch shop/web') as PrefetchStatus;
      expect(status.failures?.filter(({ examples }) => examples.some(node => node !== 'liar')) ?? []).toEqual([]);
      expect(JSON.stringify(status).length).toBeLessThan(32_768);
      stop.abort(new Error('the test ends'));
      await simulated.stop();
    }),
    { numRuns: 40 },
  );
  console.log('what the lying agent did:', seen);
  expect(seen.reports).toBeGreaterThan(500);
});
