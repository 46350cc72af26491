import type { CellReport, Credential } from '@kube-prefetch/protocol';
import { PullFailure } from '@kube-prefetch/runtime';
import { expect, test } from 'vitest';
import { type AgentBench, createAgentBench, type CredentialsOf } from '../../testing/index.ts';
import type { Tries } from './gather-tries.ts';
import { meansRefused, pullInTurn } from './try-in-turn.ts';

const MIB = 1024 * 1024;
const IMAGE = 'r.example/shop/web:1';
const GOOD: Credential = { from: 'secret shop/good', username: 'reader', password: 'right' };
const BAD: Credential = { from: 'secret shop/bad', username: 'reader', password: 'wrong' };
const NOTHING = { credentials: [], anonymous: false, problems: [] };

/** An agent whose plan holds an image that only GOOD may pull. */
function start(brought: CredentialsOf | undefined, options: Parameters<typeof createAgentBench>[0] = {}) {
  const bench = createAgentBench(options);
  bench.runtime.registry.publish(IMAGE, { sizeBytes: MIB, bytesPerSecond: 10 * MIB, credentials: GOOD });
  if (brought !== undefined) bench.api.bring(brought);
  bench.api.publish({ items: [{ image: IMAGE, priority: 0, start: true, credentials: true }] });
  return { ...bench, ...bench.start() };
}

const cellOf = ({ api }: Pick<AgentBench, 'api'>) => api.cells().get(IMAGE) as CellReport;

test('an image that comes with pull secrets is pulled with the first one that works, and its name is told', async () => {
  const bench = start(() => ({ ...NOTHING, credentials: [BAD, GOOD] }));
  await bench.clock.advance(3_000);
  expect(cellOf(bench)).toMatchObject({ state: 'Present', pull: { credential: 'secret shop/good' } });
  expect([
    bench.runtime.registry.requests(),
    bench.api.calls.filter(({ call }) => call === 'credentials').length,
  ]).toEqual([2, 1]);
  expect(JSON.stringify([bench.api.reports, bench.agent.memory.save()])).not.toContain('right');
  await bench.stop();
});

test('what worked last goes first the next time', async () => {
  const bench = start(() => ({ ...NOTHING, credentials: [BAD, GOOD] }));
  await bench.clock.advance(3_000);
  bench.runtime.remove(IMAGE);
  await bench.clock.advance(10_000);
  expect([cellOf(bench).state, bench.runtime.registry.requests()]).toEqual(['Present', 3]);
  await bench.stop();
});

test('without a flag in the plan nothing is asked, and the image is pulled without credentials', async () => {
  const bench = createAgentBench();
  bench.runtime.registry.publish(IMAGE, { sizeBytes: MIB });
  bench.api.publish({ items: [{ image: IMAGE, priority: 0, start: true }] });
  const { stop } = bench.start();
  await bench.clock.advance(3_000);
  expect([cellOf(bench).state, bench.api.calls.some(({ call }) => call === 'credentials')]).toEqual(['Present', false]);
  await stop();
});

test('a refusal of all is one failure, which names them; a changed secret is used at once', async () => {
  let changed = false;
  const bench = start((_image, refused) => ({
    ...NOTHING,
    credentials: changed && refused ? [BAD, { ...GOOD, from: BAD.from }] : [BAD],
    problems: ['secret shop/gone does not exist'],
  }));
  await bench.clock.advance(3_000);
  expect(cellOf(bench)).toMatchObject({ state: 'Failed', attempts: 1, failure: { kind: 'Unauthorized' } });
  expect(cellOf(bench).failure?.message).toBe(
    `secret shop/bad: ${IMAGE}: 401 Unauthorized; secret shop/gone does not exist`,
  );
  changed = true;
  await bench.clock.advance(10 * 60_000);
  expect(cellOf(bench).state).toBe('Present');
  await bench.stop();
});

test('a secret that is put right is used within minutes, and until then the registry is asked as rarely as without it', async () => {
  let brought = [BAD];
  const bench = start(() => ({ ...NOTHING, credentials: brought }));
  await bench.clock.advance(6 * 60 * 60_000);
  const before = bench.runtime.registry.requests();
  expect([cellOf(bench).state, before]).toEqual(['Failed', cellOf(bench).attempts]);
  expect(before).toBeLessThan(15);
  brought = [{ ...GOOD, from: BAD.from }];
  await bench.clock.advance(130_000);
  expect([cellOf(bench).state, bench.runtime.registry.requests() - before]).toEqual(['Present', 1]);
  const asked = () => bench.api.calls.filter(({ call }) => call === 'credentials').length;
  const last = asked();
  await bench.clock.advance(60 * 60_000);
  expect(asked()).toBe(last);
  await bench.stop();
});

test('while credentials cannot be had the image waits with the reason, is not pulled, and keeps no slot', async () => {
  let away = true;
  const other = 'r.example/public:1';
  const bench = createAgentBench({ parallelPulls: 1 });
  bench.runtime.registry.publish(IMAGE, { sizeBytes: MIB, bytesPerSecond: 10 * MIB, credentials: GOOD });
  bench.runtime.registry.publish(other, { sizeBytes: MIB });
  bench.api.bring(() =>
    away ? { ...NOTHING, waitFor: 'secret shop/good: forbidden' } : { ...NOTHING, credentials: [GOOD] },
  );
  bench.api.publish({
    items: [
      { image: IMAGE, priority: 1, start: true, credentials: true },
      { image: other, priority: 0, start: true },
    ],
  });
  const { stop } = bench.start();
  await bench.clock.advance(5_000);
  expect(cellOf(bench)).toMatchObject({
    state: 'Waiting',
    waitingFor: 'Credentials',
    waitingBecause: 'secret shop/good: forbidden',
  });
  expect([bench.api.cells().get(other)?.state, bench.runtime.registry.requests(IMAGE)]).toEqual(['Present', 0]);
  const reports = bench.api.reports.length;
  await bench.clock.advance(10 * 60_000);
  expect(cellOf(bench).attempts).toBeUndefined();
  const asked = bench.api.calls.filter(({ call }) => call === 'credentials').length;
  expect(asked).toBeGreaterThan(10);
  expect(asked).toBeLessThan(100);
  // Thirty heartbeats, and one for each new moment to ask again.
  expect(bench.api.reports.length - reports).toBeLessThan(30 + asked);
  away = false;
  await bench.clock.advance(32_000);
  expect(cellOf(bench)).toMatchObject({ state: 'Present' });
  await stop();
});

test('without a coordinator an image that comes with pull secrets is not pulled without them', async () => {
  const bench = start(() => ({ ...NOTHING, credentials: [GOOD] }));
  await bench.clock.advance(3_000);
  bench.api.refuse('Unreachable');
  bench.runtime.remove(IMAGE);
  bench.runtime.registry.publish(IMAGE, { sizeBytes: MIB });
  await bench.clock.advance(10 * 60_000);
  expect(bench.runtime.registry.requests()).toBe(1);
  bench.api.answer();
  await bench.clock.advance(60_000);
  expect(cellOf(bench).state).toBe('Present');
  await bench.stop();
});

test("the node's own credentials come after those of the coordinator, and make an anonymous pull needless", async () => {
  const own = { of: async () => ({ credentials: [{ ...GOOD, from: 'config.json' }], problems: [] }) };
  const bench = start(() => ({ ...NOTHING, credentials: [BAD], anonymous: true }), { nodeCredentials: own });
  await bench.clock.advance(3_000);
  expect(cellOf(bench)).toMatchObject({ state: 'Present', pull: { credential: 'config.json' } });
  expect(bench.runtime.registry.requests()).toBe(2);
  await bench.stop();
});

test.each([
  ['Unauthorized', true],
  ['NotFound', true],
  ['RateLimited', false],
  ['RegistryUnavailable', false],
  ['DiskFull', false],
  ['Corrupt', false],
  ['Stalled', false],
] as const)('after %s another credential is tried: %s', (kind, refused) => {
  expect(meansRefused({ kind })).toBe(refused);
});

test.each<[string, Tries, readonly string[], string]>([
  [
    'nothing fits',
    { tries: [], problems: [] },
    [],
    "Unauthorized: no credential fits the image's registry: there is nothing to try",
  ],
  [
    'the only secret is broken',
    { tries: [], problems: ['secret a/b is broken'] },
    [],
    "Unauthorized: no credential fits the image's registry: secret a/b is broken",
  ],
  ['only an anonymous pull is left', { tries: ['anonymous'], problems: [] }, ['NotFound'], 'NotFound: said no'],
  [
    'one is unauthorized',
    { tries: [BAD, 'anonymous'], problems: [] },
    ['NotFound', 'Unauthorized'],
    'Unauthorized: without credentials: said no; secret shop/bad: refused as well',
  ],
])('where %s the failure says so', async (_case, gathered, kinds, expected) => {
  const left = [...kinds];
  const pull = async () => {
    throw new PullFailure(left.shift() as 'NotFound', 'said no');
  };
  const failure = await pullInTurn({ gather: async () => gathered, pull, lastCredential: undefined }).catch(
    error => error,
  );
  expect(`${failure.kind}: ${failure.message}`).toBe(expected);
});
