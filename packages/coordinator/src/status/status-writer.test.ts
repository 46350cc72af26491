import type { StatusEvent } from '@kube-prefetch/cluster';
import { silentLog } from '@kube-prefetch/process';
import type { Condition, PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';
import { timestamp } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createStatusWriter } from './status-writer.ts';

const WEB: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const BASE: ResourceRef = { kind: 'ClusterPrefetch', name: 'base' };

function startWriter() {
  const clock = createVirtualClock();
  const startMs = clock.monotonicMs();
  const log: string[] = [];
  const broken = { is: false, afterwards: false, slow: false, hangs: false, cannotRead: false };
  const stored = new Map<string, PrefetchStatus>();
  const overwritten = new Set<string>();
  const outcomes: string[] = [];
  const at = () => `${(clock.monotonicMs() - startMs) / 1000}s`;
  const writer = createStatusWriter({
    clock,
    log: silentLog,
    wrote: outcome => outcomes.push(outcome),
    sink: {
      async read(resource) {
        if (broken.cannotRead) throw new Error('the API server is away');
        return stored.get(resource.name);
      },
      async write(resource, status, signal) {
        log.push(`${at()} ${resource.name} ${status.warm}`);
        if (broken.hangs) await clock.sleep(1_000_000, signal);
        if (broken.slow) await clock.sleep(1_000, signal);
        if (broken.is) throw new Error('the API server is away');
        stored.set(resource.name, status);
        overwritten.delete(resource.name);
        if (broken.afterwards) throw new Error('the connection broke before the answer was read');
        return 'written';
      },
      isOverwritten: ({ name }) => overwritten.has(name),
      async event(resource, { type, message }: StatusEvent) {
        log.push(`${at()} ${resource.name} event ${type} ${message}`);
        if (broken.is) throw new Error('the API server is away');
      },
    },
  });
  let stop = new AbortController();
  let ended = writer.run(stop.signal).catch(() => {});
  const offer = async (parts: Partial<Offered>, { settling = false, resource = WEB, uid = '' } = {}) => {
    writer.offer([{ resource, uid, status: aStatus(timestamp(clock), parts) }], settling);
    await clock.advance(0);
  };
  /** One pass with a resource of each name: all with the same status but those that are named besides. */
  const offerAll = async (
    all: readonly string[],
    parts: Partial<Offered>,
    others: Readonly<Record<string, Partial<Offered>>> = {},
  ) => {
    const statusOf = (name: string) => aStatus(timestamp(clock), others[name] ?? parts);
    writer.offer(
      all.map(name => ({ resource: { ...WEB, name }, status: statusOf(name) })),
      false,
    );
    await clock.advance(0);
  };
  return {
    clock,
    writer,
    log,
    outcomes,
    broken,
    stored,
    overwritten,
    offer,
    offerAll,
    stop: async () => {
      stop.abort();
      await ended;
    },
    nextTerm: async () => {
      stop.abort();
      await ended;
      stop = new AbortController();
      ended = writer.run(stop.signal).catch(() => {});
    },
  };
}

test('a status is written at once, and not again while it stays the same', async () => {
  const { offer, log, clock } = startWriter();
  await offer({ warm: '0/2' });
  await clock.advance(60_000);
  await offer({ warm: '0/2' });
  await clock.advance(60_000);
  expect(log).toEqual(['0s web 0/2']);
});

test('what changes often is written once in 5 s, with the last that was offered', async () => {
  const { offer, log, clock } = startWriter();
  for (let i = 0; i <= 12; i++) {
    await offer({ warm: `${i}/99` });
    await clock.advance(1_000);
  }
  expect(log).toEqual(['0s web 0/99', '5s web 4/99', '10s web 9/99']);
  await clock.advance(60_000);
  expect(log.at(-1)).toBe('15s web 12/99');
});

test('a condition that turns is written at once, whatever was written before it', async () => {
  const { offer, log, clock } = startWriter();
  await offer({ warm: '0/2' });
  await clock.advance(1_000);
  await offer({ warm: '1/2' });
  await clock.advance(1_000);
  await offer({ warm: '2/2', isWarm: 'True' });
  expect(log).toEqual(['0s web 0/2', '2s web 2/2', '2s web event Normal warm: AllPresent']);
});

test('a condition that turns while its status is being written is written next', async () => {
  const { offer, log, clock, broken } = startWriter();
  broken.slow = true;
  await offer({ warm: '1/2' });
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(1_000);
  expect(log).toEqual(['0s web 1/2', '1s web 2/2']);
});

test('a resource that turns every second is not written every second, and the last turn is written', async () => {
  const { offer, log, clock, stored } = startWriter();
  for (let second = 0; second <= 60; second++) {
    await offer({ isWarm: second % 2 === 0 ? 'True' : 'False' });
    await clock.advance(1_000);
  }
  const writes = log.filter(line => !line.includes('event'));
  expect(writes.length).toBeLessThanOrEqual(24);
  expect(writes.slice(0, 3)).toEqual(['0s web 0/2', '1s web 0/2', '2s web 0/2']);
  await clock.advance(10_000);
  expect(warmthOf(stored)).toMatchObject({ status: 'True' });
});

test('a new generation of the spec is answered at once', async () => {
  const { offer, log, clock } = startWriter();
  await offer({ isWarm: 'True' });
  await clock.advance(1_000);
  await offer({ isWarm: 'True', generation: 2 });
  expect(log).toEqual(['0s web 0/2', '1s web 0/2']);
});

test('that a resource is no longer warm does not wait', async () => {
  const { offer, log, clock } = startWriter();
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(1_000);
  await offer({ warm: '1/2', isWarm: 'False' });
  expect(log).toEqual(['0s web 2/2', '1s web 1/2', '1s web event Normal not warm any more: Pulling']);
  await clock.advance(1_000);
  await offer({ warm: '0/2', isWarm: 'False' });
  await clock.advance(10_000);
  expect(log.slice(3)).toEqual(['6s web 0/2']);
});

test('a condition keeps the time of its last transition while its status stays the same', async () => {
  const { offer, writer, clock } = startWriter();
  const times = () =>
    writer.latest()[0]?.status.conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]);
  const start = timestamp(clock);
  await offer({ isWarm: 'False' });
  await clock.advance(7_000);
  await offer({ isWarm: 'False', warm: '1/2' });
  expect(times()).toEqual([
    ['Accepted', start],
    ['Warm', start],
  ]);
  await clock.advance(7_000);
  const turned = timestamp(clock);
  await offer({ isWarm: 'True' });
  expect(times()).toEqual([
    ['Accepted', start],
    ['Warm', turned],
  ]);
});

test('a sink that throws is tried again with growing pauses, with the newest status', async () => {
  const { offer, log, clock, broken, outcomes } = startWriter();
  broken.is = true;
  await offer({ warm: '0/2' });
  await clock.advance(3_000);
  await offer({ warm: '1/2' });
  await clock.advance(4_000);
  broken.is = false;
  await clock.advance(60_000);
  expect(log).toEqual(['0s web 0/2', '1s web 0/2', '3s web 0/2', '7s web 1/2', '15s web 1/2']);
  expect(outcomes).toEqual(['failed', 'failed', 'failed', 'failed', 'written']);
});

test('a sink that hangs is given up after 10 s', async () => {
  const { offer, log, clock, broken, outcomes, stop } = startWriter();
  broken.hangs = true;
  await offer({ warm: '0/2' });
  await clock.advance(10_999);
  expect([log, outcomes]).toEqual([['0s web 0/2'], ['failed']]);
  broken.hangs = false;
  await clock.advance(1);
  expect(outcomes).toEqual(['failed', 'written']);
  await stop();
  expect(clock.sleepers()).toBe(0);
});

test('events tell of transitions, and of nothing that was so before this process looked', async () => {
  const { offer, log, clock } = startWriter();
  const events = () => log.filter(line => line.includes('event')).map(line => line.split(' event ')[1]);
  await offer({ isWarm: 'True' });
  expect(events()).toEqual([]);
  for (const isWarm of ['False', 'True', 'Unknown'] as const) {
    await offer({ isWarm });
    await clock.advance(10_000);
  }
  expect(events()).toEqual([
    'Normal not warm any more: Pulling',
    'Normal warm: AllPresent',
    'Warning not warm any more: SourcesIncomplete',
  ]);
  await offer({ isAccepted: 'False' }, { resource: BASE });
  expect(events().at(-1)).toBe('Warning Invalid');
});

test('where the status is a single word events tell each reason, with the images that failed', async () => {
  const { offer, log, clock } = startWriter();
  const resource = { ...WEB, kind: 'Prefetch.cache.techsquad.rocks' as const };
  for (const reason of ['Pulling', 'Failing', 'Failing'] as const) {
    await offer({ reason, warm: `0/${log.length}` }, { resource });
    await clock.advance(10_000);
  }
  await offer({ isWarm: 'True' }, { resource });
  const events = log.filter(line => line.includes('event')).map(line => line.split(' event ')[1]);
  expect(events).toEqual(['Warning Failing; nginx:gone: NotFound on 2 nodes', 'Normal warm: AllPresent']);
});

test('an event that cannot be sent does not make the status unwritten', async () => {
  const { offer, log, clock, broken } = startWriter();
  await offer({ isWarm: 'True' });
  await clock.advance(10_000);
  await offer({ isWarm: 'False' });
  broken.is = true;
  await clock.advance(60_000);
  expect(log.filter(line => !line.includes('event'))).toHaveLength(2);
});

test('while the fleet is settling a status with Unknown cells is held back', async () => {
  const { offer, log, clock } = startWriter();
  await offer({ warm: '0/2', unknown: 2 }, { settling: true });
  await clock.advance(30_000);
  expect(log).toEqual([]);
  await offer({ warm: '1/2', unknown: 1 }, { settling: true });
  await offer({ warm: '2/2', unknown: 0, isWarm: 'True' }, { settling: true });
  expect(log).toEqual(['30s web 2/2']);
  await offer({ warm: '0/2', unknown: 2 }, { settling: false, resource: BASE });
  expect(log).toContain('30s base 0/2');
});

test('a young term that cannot read everything yet takes no True back, and says so once it is no longer young', async () => {
  const { offer, log, clock, stored } = startWriter();
  stored.set(WEB.name, aStatus(timestamp(clock), { warm: '2/2', isWarm: 'True' }));
  await offer({ warm: '2/2', isWarm: 'Unknown' }, { settling: true });
  await clock.advance(30_000);
  expect(log).toEqual([]);
  await offer({ warm: '2/2', isWarm: 'Unknown' }, { settling: false });
  expect(log).toEqual(['30s web 2/2', '30s web event Warning not warm any more: SourcesIncomplete']);
});

test('what turned and turned back before anybody was told has not turned', async () => {
  const { offer, writer, clock, stored } = startWriter();
  for (let i = 0; i < 10; i++) for (const isWarm of ['Unknown', 'True'] as const) await offer({ isWarm });
  await clock.advance(6_000);
  const told = warmthOf(stored);
  expect(told?.status).toBe('True');
  await offer({ isWarm: 'Unknown' });
  await clock.advance(1_000);
  await offer({ isWarm: 'True' });
  expect(writer.latest()[0]?.status.conditions.at(-1)).toEqual(told);
});

test('a new term goes on from what the sink holds: what is still so is not written, and nothing is announced', async () => {
  const { offer, log, clock, nextTerm, outcomes, stored, writer } = startWriter();
  const start = timestamp(clock);
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(60_000);
  await nextTerm();
  await offer({ warm: '2/2', isWarm: 'True' });
  expect([log, outcomes]).toEqual([['0s web 2/2'], ['written', 'unchanged']]);
  expect(writer.latest()[0]?.status).toEqual(stored.get('web'));
  await clock.advance(60_000);
  const turned = timestamp(clock);
  await offer({ warm: '1/2', isWarm: 'False' });
  expect(log.slice(1)).toEqual(['120s web 1/2', '120s web event Normal not warm any more: Pulling']);
  const times = stored.get('web')?.conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]);
  expect(times).toEqual([
    ['Accepted', start],
    ['Warm', turned],
  ]);
});

test('what turned between two terms is written and announced', async () => {
  const { offer, log, clock, nextTerm } = startWriter();
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(60_000);
  await nextTerm();
  await offer({ warm: '1/2', isWarm: 'False' });
  expect(log.slice(1)).toEqual(['60s web 1/2', '60s web event Normal not warm any more: Pulling']);
});

test('a new term that does not know the cells yet leaves Warm as it is, with its time', async () => {
  const { offer, log, clock, nextTerm, stored } = startWriter();
  await offer({ warm: '2/2', isWarm: 'True' });
  const before = stored.get('web');
  await clock.advance(60_000);
  await nextTerm();
  await offer({ warm: '0/2', unknown: 2, isWarm: 'False' }, { settling: true });
  await clock.advance(20_000);
  await offer({ warm: '1/2', unknown: 1, isWarm: 'False' }, { settling: true });
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(60_000);
  expect(log).toEqual(['0s web 2/2']);
  expect(stored.get('web')).toBe(before);
});

test('a read that fails is tried again, and nothing is written meanwhile', async () => {
  const { offer, log, clock, broken, outcomes } = startWriter();
  broken.cannotRead = true;
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(2_000);
  expect([log, outcomes]).toEqual([[], ['failed', 'failed']]);
  broken.cannotRead = false;
  await clock.advance(1_000);
  expect(log).toEqual(['3s web 2/2']);
});

test('a resource made anew under the same name is written, although the status is the same', async () => {
  const { offer, log, clock, stored } = startWriter();
  await offer({ warm: '2/2' }, { uid: 'one' });
  await clock.advance(10_000);
  stored.clear();
  await offer({ warm: '2/2' }, { uid: 'two' });
  expect(log).toEqual(['0s web 2/2', '10s web 2/2']);
});

test('a resource that is gone is written once more, so that the sink notices, and then forgotten', async () => {
  const { offer, writer, log, clock } = startWriter();
  await offer({ warm: '2/2' });
  writer.offer([], false);
  await clock.advance(60_000);
  expect([log, writer.latest()]).toEqual([['0s web 2/2', '0s web 2/2'], []]);
});

test('that a resource turns from warm while its status is on the way does not wait either', async () => {
  const { offer, log, clock, broken } = startWriter();
  await offer({ warm: '2/2', isWarm: 'True' });
  await clock.advance(6_000);
  broken.slow = true;
  await offer({ warm: '3/3', isWarm: 'True' });
  await offer({ warm: '2/3', isWarm: 'False' });
  await clock.advance(1_000);
  expect(log).toEqual(['0s web 2/2', '6s web 3/3', '7s web 2/3']);
});

test('a status that was taken although the write failed is taken back when it is no longer so', async () => {
  const { offer, stored, clock, broken } = startWriter();
  await offer({ isWarm: 'True' });
  const before = stored.get('web');
  await clock.advance(6_000);
  broken.afterwards = true;
  await offer({ isWarm: 'False' });
  expect(warmthOf(stored)).toMatchObject({ status: 'False' });
  await offer({ isWarm: 'True' });
  broken.afterwards = false;
  await clock.advance(60_000);
  expect(warmthOf(stored)).toMatchObject({ status: 'True' });
  expect(stored.get('web')).not.toEqual(before);
});

test('what turns back while it is being written has turned twice', async () => {
  const { offer, stored, clock, broken } = startWriter();
  await offer({ isWarm: 'True' });
  await clock.advance(6_000);
  broken.slow = true;
  await offer({ isWarm: 'False' });
  await clock.advance(500);
  const back = timestamp(clock);
  await offer({ isWarm: 'True' });
  await clock.advance(10_000);
  expect(warmthOf(stored)).toMatchObject({ status: 'True', lastTransitionTime: back });
});

test('what somebody else wrote over is written again at the next pass, without an event', async () => {
  const { offer, log, clock, overwritten } = startWriter();
  await offer({ isWarm: 'True' });
  await clock.advance(60_000);
  overwritten.add(WEB.name);
  await offer({ isWarm: 'True' });
  await offer({ isWarm: 'True' });
  expect(log).toEqual(['0s web 0/2', '60s web 0/2']);
});

test('with somebody who always writes over it nobody fights more often than once in 5 s', async () => {
  const { offer, log, clock, overwritten } = startWriter();
  for (let i = 0; i < 11; i++) {
    overwritten.add(WEB.name);
    await offer({});
    await clock.advance(1_000);
  }
  expect(log).toEqual(['0s web 0/2', '5s web 0/2', '10s web 0/2']);
});

test('hundreds due at once are written a few at a time', async () => {
  const { offerAll, log, clock, broken } = startWriter();
  broken.slow = true;
  await offerAll(names(10), {});
  await clock.advance(10_000);
  const writesAt = (at: string) => log.filter(line => line.startsWith(`${at} `)).length;
  expect(['0s', '1s', '2s'].map(writesAt)).toEqual([4, 4, 2]);
  expect(new Set(log).size).toBe(10);
});

test('that a resource is no longer warm goes before all that is due as well', async () => {
  const { offerAll, log, clock, broken } = startWriter();
  const all = names(20);
  await offerAll(all, { isWarm: 'True' });
  await clock.advance(60_000);
  broken.slow = true;
  await offerAll(all, { isWarm: 'True', warm: '3/3' });
  await offerAll(all, { isWarm: 'True', warm: '3/3' }, { r19: { isWarm: 'False', warm: '2/3' } });
  await clock.advance(1_000);
  expect(log.filter(line => line.startsWith('61s'))).toContain('61s r19 2/3');
});

test('a turn goes before counts that are due as well', async () => {
  const { offerAll, log, clock, broken } = startWriter();
  const all = names(20);
  await offerAll(all, {});
  await clock.advance(60_000);
  broken.slow = true;
  await offerAll(all, { warm: '1/3' });
  await offerAll(all, { warm: '1/3' }, { r19: { isWarm: 'True', warm: '3/3' } });
  await clock.advance(1_000);
  expect(log.filter(line => line.startsWith('61s'))).toContain('61s r19 3/3');
});

test('of a sink that was not asked yet, what may no longer be warm is asked first', async () => {
  const { offerAll, log, clock, broken, nextTerm } = startWriter();
  const all = names(20);
  await offerAll(all, { isWarm: 'True' });
  await clock.advance(60_000);
  broken.slow = true;
  await nextTerm();
  const turned = { r18: { isWarm: 'False', warm: '1/2' }, r19: { isWarm: 'False', warm: '1/2' } } as const;
  await offerAll(all, { isWarm: 'True', warm: '3/3' }, turned);
  expect(log.slice(20, 22)).toEqual(['60s r18 1/2', '60s r19 1/2']);
});

test('a resource is never written twice at once, also not as another of the same name', async () => {
  const { offer, log, clock, broken } = startWriter();
  broken.slow = true;
  await offer({ warm: '0/2', isWarm: 'True' }, { uid: 'one' });
  await clock.advance(500);
  await offer({ warm: '1/2', isWarm: 'False' }, { uid: 'two' });
  await clock.advance(499);
  expect(log).toEqual(['0s web 0/2']);
  await clock.advance(10_000);
  expect(log).toEqual(['0s web 0/2', '1s web 1/2', '2s web event Normal not warm any more: Pulling']);
});

test('the end of a term ends all that is on the way', async () => {
  const { offerAll, log, clock, broken, stop } = startWriter();
  broken.hangs = true;
  await offerAll(names(10), {});
  await stop();
  expect([log.length, clock.sleepers()]).toEqual([4, 0]);
});

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `r${number}`);
}

function warmthOf(stored: ReadonlyMap<string, PrefetchStatus>): Condition | undefined {
  return stored.get('web')?.conditions.find(({ type }) => type === 'Warm');
}

interface Offered {
  readonly warm: string;
  readonly unknown: number;
  readonly generation: number;
  readonly isWarm: Condition['status'];
  readonly isAccepted: Condition['status'];
  readonly reason: string;
}

const WARM_REASON = { True: 'AllPresent', False: 'Pulling', Unknown: 'SourcesIncomplete' } as const;

function aStatus(
  at: string,
  { warm = '0/2', unknown = 0, generation = 1, isWarm = 'False', isAccepted = 'True', reason }: Partial<Offered>,
): PrefetchStatus {
  const condition = (type: Condition['type'], status: Condition['status'], reason: string): Condition => ({
    type,
    status,
    reason,
    message: reason,
    observedGeneration: generation,
    lastTransitionTime: at,
  });
  return {
    observedGeneration: generation,
    conditions: [
      condition('Accepted', isAccepted, isAccepted === 'True' ? 'Valid' : 'Invalid'),
      condition('Warm', isWarm, reason ?? WARM_REASON[isWarm]),
    ],
    warm,
    summary: {
      images: 1,
      nodes: 2,
      cells: 2,
      present: 0,
      pulling: 0,
      waiting: 0,
      failed: 0,
      stale: 0,
      unknown,
      held: 0,
      noAgent: 0,
      notApplicable: 0,
    },
    failures: reason === 'Failing' ? [GONE] : [],
    skew: [],
  };
}

const GONE = {
  image: 'nginx:gone',
  reason: 'NotFound',
  message: '',
  nodes: 2,
  examples: [] as string[],
  since: '',
} as const;
