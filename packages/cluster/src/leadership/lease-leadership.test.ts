import type { Term } from '@kube-prefetch/cluster';
import { type FaultyProcess, type TwinApi, createFaultyProcess, createTwinApi } from '@kube-prefetch/cluster/testing';
import { seededRandom } from '@kube-prefetch/time';
import { type VirtualClock, createVirtualClock } from '@kube-prefetch/time/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../api/kube-api.ts';
import { LEASES } from '../api/kinds.ts';
import { createLeaseLeadership } from './lease-leadership.ts';

const LEASE = { namespace: 'own', name: 'coordinator' };
const EMPTY = { metadata: LEASE };
const silent = { debug: () => {}, warn: () => {} };

interface Candidate {
  readonly name: string;
  readonly process: FaultyProcess;
  /** The running term. */
  readonly term: () => Term | undefined;
  readonly leader: () => string | undefined;
  /** As by SIGTERM. */
  readonly stop: () => Promise<void>;
}

interface World {
  readonly clock: VirtualClock;
  readonly server: TwinApi;
  /** Of all terms, in the order in which they began. */
  readonly epochs: readonly number[];
  readonly start: (name: string) => Candidate;
  /** Whoever leads now; notes it where several do. */
  readonly leading: () => Candidate | undefined;
  readonly overlaps: readonly string[];
  readonly forget: (candidate: Candidate) => void;
  readonly lease: () => { spec?: Record<string, unknown>; metadata: { annotations?: Record<string, string> } };
}

function createWorld(seed = 1): World {
  const clock = createVirtualClock();
  const server = createTwinApi({ clock });
  const epochs: number[] = [];
  const overlaps: string[] = [];
  const candidates = new Set<Candidate>();
  server.apply(LEASES, EMPTY);

  const leading = () => {
    const all = [...candidates].filter(({ process, term }) => process.running() && term() !== undefined);
    if (all.length > 1) overlaps.push(all.map(({ name }) => name).join(' and '));
    return all[0];
  };

  const start = (name: string): Candidate => {
    const process = createFaultyProcess(server, clock);
    const life = new AbortController();
    const random = seededRandom(seed + epochs.length + name.charCodeAt(0));
    const { api } = process;
    const address = `${name}:7070`;
    const parts = { api, clock: process.clock, random, log: silent, lease: LEASE, identity: name, address };
    const leadership = createLeaseLeadership(parts);
    let term: Term | undefined;
    const run = async () => {
      for await (const next of leadership.terms(life.signal)) {
        epochs.push(next.epoch);
        term = next;
        leading();
        await new Promise<void>(resolve => next.signal.addEventListener('abort', () => resolve(), { once: true }));
        term = undefined;
      }
    };
    const ended = run();
    const candidate: Candidate = {
      name,
      process,
      term: () => (term?.signal.aborted === true ? undefined : term),
      leader: () => leadership.leader(),
      stop() {
        life.abort(new Error('stopped'));
        return ended;
      },
    };
    candidates.add(candidate);
    return candidate;
  };
  return {
    clock,
    server,
    epochs,
    start,
    leading,
    overlaps,
    forget: candidate => candidates.delete(candidate),
    lease: () => server.read(LEASES, LEASE) as ReturnType<World['lease']> & KubeObject,
  };
}

test('an empty lease is taken at once, renewed every five seconds, and kept', async () => {
  const { clock, server, start, leading, epochs, lease } = createWorld();
  const a = start('a');
  await clock.advance(0);
  expect(leading()).toBe(a);
  await clock.advance(3_600_000);
  expect([leading()?.name, epochs, server.requests('replace', LEASES)]).toEqual(['a', [1], 721]);
  expect(lease()).toMatchObject({
    metadata: { annotations: { 'kube-prefetch.io/leader-address': 'a:7070' } },
    spec: {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T01:00:00.000000Z',
    },
  });
});

test('the other knows where the leader is, and the leader knows of no other', async () => {
  const { clock, start } = createWorld();
  const [a, b] = [start('a'), start('b')];
  await clock.advance(5_000);
  expect([a.leader(), b.leader()]).toEqual([undefined, 'a:7070']);
});

test('a leader that stops hands over within two seconds, and nobody names it any longer', async () => {
  const { clock, start, leading, epochs } = createWorld();
  const a = start('a');
  await clock.advance(0);
  const b = start('b');
  await clock.advance(10_000);
  const stopped = a.stop();
  await clock.advance(0);
  await stopped;
  expect([a.term(), a.leader()]).toEqual([undefined, undefined]);
  await clock.advance(2_000);
  expect([leading()?.name, b.leader(), epochs]).toEqual(['b', undefined, [1, 2]]);
});

test('a leader stops leading before its lease can pass on when its calls hang', async () => {
  const { clock, start, leading } = createWorld();
  const a = start('a');
  await clock.advance(0);
  const b = start('b');
  await clock.advance(4_900);
  a.process.link.fallSilent();
  await clock.advance(5_000);
  expect(leading()).toBe(a);
  await clock.advance(100);
  expect(leading()).toBeUndefined();
  await clock.advance(4_900);
  expect(leading()).toBeUndefined();
  await clock.advance(2_100);
  expect(leading()).toBe(b);
});

test.each([
  [
    'an outage of four seconds',
    async ({ clock }: World, { process: { link } }: Candidate) => {
      link.cutOff();
      await clock.advance(4_000);
      link.restore();
    },
  ],
  ['an answer that is lost', async (_: World, { process: { link } }: Candidate) => link.loseNextAnswer()],
  [
    'a change that somebody else made',
    async ({ server }: World) => {
      server.apply(LEASES, { ...server.read(LEASES, LEASE), metadata: { ...LEASE, labels: { edited: 'by-hand' } } });
    },
  ],
])('%s does not end the term', async (_name, happen) => {
  const world = createWorld();
  const a = world.start('a');
  world.start('b');
  await world.clock.advance(6_000);
  await happen(world, a);
  await world.clock.advance(60_000);
  expect([world.leading()?.name, world.epochs]).toEqual(['a', [1]]);
});

test.each([
  ['made anew', () => EMPTY],
  [
    'taken from its holder by hand',
    ({ spec }: KubeObject) => ({ metadata: LEASE, spec: { ...(spec as object), holderIdentity: '' } }),
  ],
])('a lease %s is not taken while its holder may still lead, and then for a higher term', async (_how, change) => {
  const { clock, server, start, leading, epochs, overlaps } = createWorld();
  start('a');
  await clock.advance(0);
  start('b');
  await clock.advance(3_000);
  const emptied = change(server.read(LEASES, LEASE) as KubeObject);
  server.remove(LEASES, LEASE);
  server.apply(LEASES, emptied);
  await clock.advance(25_000);
  expect([leading(), epochs, overlaps]).toEqual([expect.anything(), [1, 2], []]);
});

test('without a Lease nobody leads, and its appearance is noticed', async () => {
  const { clock, server, start, leading } = createWorld();
  server.remove(LEASES, LEASE);
  start('a');
  await clock.advance(60_000);
  expect(leading()).toBeUndefined();
  server.apply(LEASES, EMPTY);
  await clock.advance(2_000);
  expect(leading()?.name).toBe('a');
});

test('the end leaves nothing behind', async () => {
  const { clock, start } = createWorld();
  const [a, b] = [start('a'), start('b')];
  await clock.advance(7_000);
  const stopped = Promise.all([a.stop(), b.stop()]);
  await clock.advance(0);
  await stopped;
  expect(clock.sleepers()).toBe(0);
});

const FAULTS = ['cut', 'silent', 'lose', 'delay', 'restore', 'pause', 'resume', 'crash', 'stop'] as const;
type Fault = (typeof FAULTS)[number];

const steps = fc.array(
  fc.record({ who: fc.nat(2), fault: fc.constantFrom(...FAULTS), thenMs: fc.integer({ min: 0, max: 25_000 }) }),
  { minLength: 5, maxLength: 40 },
);

test('whatever fails: never two lead at once, epochs rise, and soon after the end of all faults one leads and stays', async () => {
  const counts = { terms: 0, histories: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 3 }), steps, async (seed, size, history) => {
      const world = createWorld(seed);
      const candidates = ['a', 'b', 'c'].slice(0, size).map(world.start);
      for (const { who, fault, thenMs } of history) {
        const index = who % size;
        candidates[index] = await happen(world, candidates[index] as Candidate, fault, thenMs);
        await world.clock.advance(thenMs);
        world.leading();
      }
      for (const { process } of candidates) {
        process.link.restore();
        process.resume();
      }
      await world.clock.advance(35_000);
      const settled = world.epochs.length;
      expect(world.leading()).toBeDefined();
      await world.clock.advance(120_000);
      expect([world.epochs.length, world.overlaps]).toEqual([settled, []]);
      expect(world.epochs).toEqual([...new Set(world.epochs)].toSorted((a, b) => a - b));
      counts.terms += settled;
      counts.histories += 1;
    }),
    { numRuns: 30 },
  );
  console.log('leadership:', counts);
  expect(counts.terms).toBeGreaterThan(counts.histories);
});

/** Whoever takes the candidate's place afterwards. */
async function happen(world: World, candidate: Candidate, fault: Fault, ms: number): Promise<Candidate> {
  const { process } = candidate;
  switch (fault) {
    case 'cut':
      process.link.cutOff();
      return candidate;
    case 'silent':
      process.link.fallSilent();
      return candidate;
    case 'lose':
      process.link.loseNextAnswer();
      return candidate;
    case 'delay':
      process.delayNextWrite(ms);
      return candidate;
    case 'restore':
      process.link.restore();
      return candidate;
    case 'pause':
      process.pause();
      return candidate;
    case 'resume':
      process.resume();
      return candidate;
    case 'crash':
      // The kubelet starts the container again: the pod's name is the same.
      process.pause();
      world.forget(candidate);
      return world.start(candidate.name);
    case 'stop': {
      if (!process.running()) return candidate;
      const stopped = candidate.stop();
      await world.clock.advance(2_500);
      await stopped;
      world.forget(candidate);
      return world.start(`${candidate.name}'`);
    }
  }
}
