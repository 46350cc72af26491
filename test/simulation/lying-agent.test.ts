import { aPullSecret, createTwinSecrets } from '@kube-prefetch/cluster/testing';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import {
  ApiError,
  CELL_STATES,
  type CellReport,
  CredentialsRequest,
  FAILURE_KINDS,
  MAX_MESSAGE_LENGTH,
  NodeReport,
  PermitRequest,
  type PrefetchStatus,
  PULL_PHASES,
  WAIT_REASONS,
} from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { olderPodOf, simulateCluster } from './simulate-cluster.ts';

const MIB = 1024 * 1024;
const IMAGES = ['r.example/a:1', 'r.example/b:1', 'r.example/c:1'];
/** Planned for n1 alone, with a secret. */
const PRIVATE = 'r.example/private:1';
const PASSWORD = 'that of ops';
const PARALLEL_PULLS = 4;
const never = new AbortController().signal;

const count = fc.oneof(fc.nat(), fc.constantFrom(0, 1e15, Number.MAX_SAFE_INTEGER));
const time = fc.constantFrom('1970-01-01T00:00:00.000Z', '2999-12-31T23:59:59.999Z', 'yesterday', '');
const text = (maxLength: number) =>
  fc.oneof(fc.string({ maxLength }), fc.constant('\u001B[31m<script>'.padEnd(maxLength, 'x').slice(0, maxLength)));
const image = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...IMAGES) },
  { weight: 1, arbitrary: fc.constant(PRIVATE) },
  { weight: 1, arbitrary: fc.nat({ max: 5_000 }).map(n => `evil.example/${n}:1`) },
);
const failure = fc.record({ kind: fc.constantFrom(...FAILURE_KINDS), message: text(MAX_MESSAGE_LENGTH) });
const cell: fc.Arbitrary<CellReport> = fc.record(
  {
    image,
    state: fc.constantFrom(...CELL_STATES),
    since: time,
    waitingFor: fc.constantFrom(...WAIT_REASONS),
    waitingBecause: text(MAX_MESSAGE_LENGTH),
    failure,
    failingSince: time,
    attempts: count,
    nextTry: time,
    sizeBytes: count,
    digests: fc.array(text(600), { maxLength: 4 }),
    pull: fc.record({
      elapsedMs: count,
      doneBytes: count,
      totalBytes: count,
      phase: fc.constantFrom(...PULL_PHASES),
      credential: text(MAX_MESSAGE_LENGTH),
    }),
  },
  { requiredKeys: ['image', 'state', 'since'] },
);
const digest = fc.constantFrom('1', '2').map(digit => `sha256:${digit.repeat(64)}`);
const report: fc.Arbitrary<NodeReport> = fc.record(
  {
    agent: fc.record({ id: fc.constantFrom('one', 'other', 'n1-1'), startedAt: time, version: text(64) }),
    sequence: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Number.MAX_SAFE_INTEGER)),
    full: fc.boolean(),
    planRevision: text(128),
    runtime: fc.record({ name: text(64), version: text(64), failure, diskUnseen: fc.boolean() }, { requiredKeys: [] }),
    cells: fc.array(cell, { maxLength: 40 }),
    gone: fc.array(image, { maxLength: 5 }),
    looked: fc.array(fc.record({ image, digest, failure }, { requiredKeys: ['image'] }), { maxLength: 16 }),
  },
  { requiredKeys: ['agent', 'sequence', 'full', 'runtime', 'cells', 'gone'] },
);
const credentials: fc.Arbitrary<CredentialsRequest> = fc.record({
  images: fc.array(fc.record({ image, refused: fc.boolean() }), { maxLength: 64 }),
});
const permits: fc.Arbitrary<PermitRequest> = fc.record({
  holding: fc.array(image, { maxLength: 40 }),
  wanting: fc.array(fc.record({ image, priority: fc.integer() }), { maxLength: 40 }),
  waitMs: fc.constantFrom(0, 1_000, 55_000),
});

test('an agent with a good token that lies in every field delays and changes nothing of other nodes', async () => {
  const seen = { reports: 0, refused: 0, granted: 0, credentials: 0, mostReads: 0 };
  const lied = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(report, permits, credentials, text(128)), { minLength: 20, maxLength: 60 }),
      async lies => {
        const secrets = createTwinSecrets();
        secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'that of shop' }));
        secrets.hold('ops/regcred', aPullSecret({ 'r.example': PASSWORD }));
        const simulated = simulateCluster({
          nodes: ['n1', 'n2'],
          limits: { maxConcurrentPulls: PARALLEL_PULLS },
          secrets,
        });
        const { clock, registry, nodes } = simulated;
        for (const name of IMAGES) registry.publish(name, { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
        simulated.set(
          aState({
            nodes: ['liar', 'n1', 'n2'].map(name => aNode({ name })),
            resources: [
              aResource({ spec: { images: IMAGES, imagePullSecrets: [{ name: 'regcred' }] } }),
              aResource({
                ref: { kind: 'Prefetch', namespace: 'ops', name: 'private' },
                spec: {
                  images: [PRIVATE],
                  nodes: { placement: 'Eligible', names: ['n1'] },
                  imagePullSecrets: [{ name: 'regcred' }],
                },
              }),
            ],
            ownNamespace: 'kube-prefetch',
            serviceAccounts: [],
          }),
        );
        registry.publish(PRIVATE, { sizeBytes: MIB, credentials: { username: 'robot', password: PASSWORD } });
        const liar = simulated.coordinator().forNode('liar');
        // The agent of an older pod of a good node, as after an upgrade.
        const older = simulated.coordinator().forNode('n1', olderPodOf('n1'));
        const stop = new AbortController();
        const unplanned: string[] = [];
        const refused = (error: unknown) => {
          if (!(error instanceof ApiError) && !stop.signal.aborted) throw error;
          seen.refused += 1;
        };
        let told = '';
        for (const [lie, request, asked, revision] of lies) {
          seen.reports += 1;
          for (const [name, message] of Object.entries({ report: lie, permits: request, credentials: asked }))
            for (const field of fieldsIn(message, name)) lied.add(field);
          void liar.plan(revision, 1_000, stop.signal).catch(refused);
          void liar.credentials(asked, stop.signal).then(answer => {
            seen.credentials += answer.images.length;
            told += JSON.stringify(answer);
          }, refused);
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
        expect(told).not.toMatch(new RegExp(`${PASSWORD}|${PRIVATE}|evil`));
        seen.mostReads = Math.max(seen.mostReads, secrets.reads.length);
        expect([...nodes.values()].map(node => node.runtime.pulls())).toEqual([4, 3]);
        const overview = simulated.coordinator().overview();
        for (const name of nodes.keys()) {
          expect(overview.nodes.find(node => node.name === name)).toMatchObject({
            agent: 'Reporting',
            cells: { Present: name === 'n1' ? 4 : 3, Waiting: 0, Failed: 0 },
          });
        }
        const status = simulated.statuses.statuses.get('Prefetch shop/web') as PrefetchStatus;
        expect(status.failures?.filter(({ examples }) => examples.some(node => node !== 'liar')) ?? []).toEqual([]);
        expect(JSON.stringify(status).length).toBeLessThan(32_768);
        stop.abort(new Error('the test ends'));
        await simulated.stop();
      },
    ),
    { numRuns: 40 },
  );
  console.log('what the lying agent did:', seen);
  expect(seen.reports).toBeGreaterThan(500);
  expect(seen.credentials).toBeGreaterThan(500);
  expect(seen.mostReads).toBeLessThan(10); // whatever the liar says was refused
  const every = Object.entries({ report: NodeReport, permits: PermitRequest, credentials: CredentialsRequest });
  expect(every.flatMap(([name, schema]) => fieldsOf(schema as Schema, name)).filter(field => !lied.has(field))).toEqual(
    [],
  );
});

/** Every field that a message may have, as `report.cells.image`. */
function fieldsOf({ properties = {}, items }: Schema, name: string): readonly string[] {
  const below = Object.entries(properties).flatMap(([key, schema]) => fieldsOf(schema, `${name}.${key}`));
  return [name, ...below, ...(items === undefined ? [] : fieldsOf(items, name))];
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Those that this one has. */
function fieldsIn(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value)) return [name, ...value.flatMap(each => fieldsIn(each, name))];
  if (typeof value !== 'object' || value === null) return [name];
  return [name, ...Object.entries(value).flatMap(([key, each]) => fieldsIn(each, `${name}.${key}`))];
}
