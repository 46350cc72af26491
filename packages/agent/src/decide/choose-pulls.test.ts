import type { WaitReason } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { aRunningPull } from '../../testing/builders.ts';
import type { Cell } from './judge-cells.ts';
import { type Choice, type Chosen, choosePulls } from './choose-pulls.ts';
import { bytesToWrite, freeForPulls } from './fit-on-disk.ts';
import { BLANK } from './image-history.ts';
import { isSlow, type RunningPull, startPace } from './judge-stall.ts';

const NOW = 100_000;
const IMAGES = ['a', 'b', 'c', 'd', 'e', 'f'];

function aChoice(parts: Partial<Choice> & { images?: readonly string[] } = {}): Choice {
  const images = parts.images ?? IMAGES;
  return {
    plan: { revision: 'r', complete: true, items: images.map(image => ({ image, priority: 0, start: true })) },
    cells: images.map(image => ({ image, state: 'Missing' })),
    running: new Map(),
    histories: new Map(),
    disk: { space: { usedBytes: 0, capacityBytes: 1_000 }, maxUsedPercent: 80, settling: false, sizes: new Map() },
    permits: new Set(images),
    alone: undefined,
    parallelPulls: 2,
    slowPullBytesPerSecond: 1_000,
    verifyAfterMs: 60_000,
    ...parts,
  };
}

const aPull = (image: string, parts: Partial<RunningPull> = {}): [string, RunningPull] => [
  image,
  aRunningPull({ image, ...parts }),
];
const started = (choice: Choice) => choosePulls(choice, NOW).start.map(order => order.image);
const waits = ({ cells }: Chosen) => Object.fromEntries(cells.map(cell => [cell.image, cell.waitingFor ?? cell.state]));

describe('one rule each', () => {
  test('permitted images start in plan order, and permits for the next ones are requested', () => {
    const next = choosePulls(aChoice(), NOW);
    expect(next.start.map(order => order.image)).toEqual(['a', 'b']);
    expect(next.wanted.map(({ image }) => image)).toEqual(['c', 'd']);
    expect(waits(next)).toEqual({ a: 'Pulling', b: 'Pulling', c: 'Slot', d: 'Slot', e: 'Slot', f: 'Slot' });
  });

  test('stale images are pulled with a permit after those that are missing, and wait for a coordinator', () => {
    const cells = IMAGES.map((image): Cell => ({ image, state: image < 'd' ? 'Stale' : 'Missing' }));
    const next = choosePulls(aChoice({ cells, parallelPulls: 4 }), NOW);
    expect(next.start.map(({ image }) => image)).toEqual(['d', 'e', 'f', 'a']);
    expect(next.cells.find(({ image }) => image === 'b')).toEqual({ image: 'b', state: 'Stale', waitingFor: 'Slot' });
    const alone = { sinceMs: 0, lastTryMs: NOW };
    const stale = cells.map(cell => ({ ...cell, state: 'Stale' as const }));
    expect(choosePulls(aChoice({ cells: stale, permits: new Set(), alone }), NOW).start).toEqual([]);
  });

  test('without permits nothing starts while a coordinator answers', () => {
    const next = choosePulls(aChoice({ permits: new Set() }), NOW);
    expect([next.start.length, next.wanted.map(({ image }) => image)]).toEqual([0, ['a', 'b']]);
    expect(waits(next)).toMatchObject({ a: 'Permit', f: 'Permit' });
  });

  test('an image without a permit holds up none behind it', () => {
    expect(started(aChoice({ permits: new Set(['c']) }))).toEqual(['c']);
  });

  test('higher priority goes first, wherever the plan has it', () => {
    const items = IMAGES.map((image, i) => ({ image, priority: i, start: true }));
    expect(started(aChoice({ plan: { revision: 'r', complete: true, items } }))).toEqual(['f', 'e']);
  });

  test.each([
    [0, 2],
    [29_999, 2],
    [30_000, 3],
    [60_000, 4],
  ])('%i ms after a registry refused a pull, %i of four images start from it, and others go on', (agoMs, starts) => {
    const slow = ['slow.example/a', 'slow.example/b', 'slow.example/c', 'slow.example/d'];
    const failure = {
      kind: 'RateLimited' as const,
      message: '',
      count: 1,
      atMs: NOW - agoMs,
      retryAtMs: 0,
      firstMs: {},
    };
    const histories = new Map([['slow.example/x', { ...BLANK, failure }]]);
    const next = choosePulls(aChoice({ images: [...slow, 'good.example/a'], histories, parallelPulls: 4 }), NOW);
    expect(next.start.filter(({ image }) => image.startsWith('slow.'))).toHaveLength(starts);
    expect(next.start.some(({ image }) => image === 'good.example/a')).toBe(starts < 4);
    expect(waits(next)['slow.example/d']).toBe(starts < 4 ? 'Registry' : 'Pulling');
  });

  test.each([
    [1, ['a', 'b']],
    [2, ['b', 'c']],
  ])('an image that failed %i times in a row has its turn accordingly', (attempts, images) => {
    const cells: Cell[] = IMAGES.map(image => ({ image, state: 'Missing' }));
    cells[0] = { image: 'a', state: 'Failed', attempts, retryAtMs: NOW };
    expect(started(aChoice({ cells }))).toEqual(images);
  });

  test('a failed image is not started before its time, and its time is when to look again', () => {
    const cells: Cell[] = [{ image: 'a', state: 'Failed', attempts: 1, retryAtMs: NOW + 5 }];
    const next = choosePulls(aChoice({ images: ['a'], cells }), NOW);
    expect([next.start.length, next.wanted.length, next.dueMs]).toEqual([0, 0, NOW + 5]);
  });

  test.each<[string, Partial<Choice>, WaitReason]>([
    [
      'its node is held',
      { plan: { revision: 'r', complete: true, held: 'cordoned', items: [{ image: 'a', priority: 0, start: true }] } },
      'Held',
    ],
    [
      'only suspended resources ask for it',
      { plan: { revision: 'r', complete: true, items: [{ image: 'a', priority: 0, start: false }] } },
      'Suspended',
    ],
    ['all slots are taken', { running: new Map([aPull('x'), aPull('y')]) }, 'Slot'],
    ['it has no permit', { permits: new Set() }, 'Permit'],
    [
      'it would fill the disk',
      {
        disk: {
          space: { usedBytes: 501, capacityBytes: 1_000 },
          maxUsedPercent: 80,
          settling: false,
          sizes: new Map([['a', 100]]),
        },
      },
      'Disk',
    ],
    [
      'the disk is full already',
      {
        disk: {
          space: { usedBytes: 800, capacityBytes: 1_000 },
          maxUsedPercent: 80,
          settling: false,
          sizes: new Map(),
        },
      },
      'Disk',
    ],
  ])('an image waits and says so when %s', (_why, parts, waitingFor) => {
    const next = choosePulls(aChoice({ images: ['a'], ...parts }), NOW);
    expect(next.start).toEqual([]);
    expect(next.cells).toEqual([{ image: 'a', state: 'Waiting', waitingFor }]);
  });

  test('an image that does not fit holds up no smaller one, and no permit is kept from others for it', () => {
    const sizes = new Map([['a', 300]]);
    const disk = { space: { usedBytes: 0, capacityBytes: 1_000 }, maxUsedPercent: 80, settling: false, sizes };
    const next = choosePulls(aChoice({ disk }), NOW);
    expect([next.start.map(order => order.image), next.wanted.map(({ image }) => image)]).toEqual([
      ['b', 'c'],
      ['d', 'e'],
    ]);
  });

  test('images that fit one by one but not together do not start together', () => {
    const sizes = new Map(IMAGES.map(image => [image, 150] as const));
    expect(started(aChoice({ disk: { ...aChoice().disk, sizes } }))).toEqual(['a']);
  });

  test('what left the plan is cancelled, once', () => {
    const running = new Map([aPull('a'), aPull('x'), aPull('y', { cancelled: true })]);
    expect(choosePulls(aChoice({ running }), NOW).cancel).toEqual([{ image: 'x', why: 'unplanned' }]);
  });

  test.each([
    ['ten seconds', 10_000, {}, ['a']],
    ['less', 9_999, {}, []],
    ['ten seconds, the last try a while ago', 10_000, { agoMs: 7_000 }, ['a']],
    [
      'ten seconds, but one runs without a permit',
      10_000,
      { running: new Map([aPull('x', { withoutPermit: true })]) },
      [],
    ],
    ['ten seconds, and one runs with a permit', 10_000, { running: new Map([aPull('x')]) }, ['a']],
    [
      'ten seconds, but it was deleted just now',
      10_000,
      { images: ['a'], histories: new Map([['a', { ...BLANK, deletions: 1, healAtMs: NOW + 7 }]]) },
      [],
    ],
  ])(
    'when no coordinator has answered for %s',
    (_what, ms, { agoMs = 0, ...parts }: Partial<Choice> & { agoMs?: number }, images) => {
      const alone = { sinceMs: NOW - ms - agoMs, lastTryMs: NOW - agoMs };
      expect(started(aChoice({ permits: new Set(), alone, ...parts }))).toEqual(images);
    },
  );
});

describe('whatever the node is like', () => {
  const hits = {
    runs: 0,
    starts: 0,
    asks: 0,
    unplanned: 0,
    tooLarge: 0,
    overLimit: 0,
    fit: 0,
    slow: 0,
    withoutPermit: 0,
    Slot: 0,
    Permit: 0,
    Disk: 0,
    Held: 0,
    Suspended: 0,
  };
  afterAll(() => console.log('how often each outcome was seen:', hits));

  const anImage = fc.record({
    state: fc.constantFrom('Missing', 'Missing', 'Failed', 'Present', 'Pulling', 'gone') as fc.Arbitrary<
      Cell['state'] | 'gone'
    >,
    priority: fc.integer({ min: 0, max: 2 }),
    start: fc.constantFrom(true, true, true, false),
    attempts: fc.integer({ min: 1, max: 4 }),
    retryInMs: fc.integer({ min: -10, max: 10 }),
    permitted: fc.boolean(),
    withoutPermit: fc.boolean(),
    sinceMs: fc.constantFrom(0, 50_000),
    sizeBytes: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    totalBytes: fc.option(fc.integer({ min: 1, max: 250 }), { nil: undefined }),
    healInMs: fc.option(fc.integer({ min: -10, max: 10 }), { nil: undefined }),
  });
  const aNode = fc.record({
    images: fc.array(anImage, { maxLength: 10, size: 'max' }),
    held: fc.constantFrom(undefined, undefined, undefined, undefined, 'cordoned'),
    usedBytes: fc.integer({ min: 0, max: 900 }),
    seen: fc.boolean(),
    aloneForMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
    parallelPulls: fc.integer({ min: 1, max: 4 }),
  });

  function toChoice({ images, held, usedBytes, seen, aloneForMs, parallelPulls }: NodeOf<typeof aNode>): Choice {
    const named = images.map((image, i) => ({ name: `i${i}`, ...image }));
    const planned = named.filter(image => image.state !== 'gone');
    const running = named
      .filter(image => image.state === 'Pulling' || image.state === 'gone')
      .slice(0, parallelPulls)
      .map(({ name, withoutPermit, sinceMs, totalBytes, sizeBytes }) =>
        aPull(name, {
          withoutPermit,
          sizeBytes,
          pace: startPace(sinceMs),
          progress: totalBytes === undefined ? undefined : { phase: 'downloading', doneBytes: 10, totalBytes },
        }),
      );
    const cells = planned.map(({ name, state, attempts, retryInMs }): Cell => {
      if (state === 'Failed') return { image: name, state, attempts, retryAtMs: NOW + retryInMs };
      if (state !== 'Pulling') return { image: name, state: state as Cell['state'] };
      return { image: name, state: running.some(([image]) => image === name) ? 'Pulling' : 'Missing' };
    });
    const sizes = new Map(
      named.flatMap(image => (image.sizeBytes === undefined ? [] : [[image.name, image.sizeBytes]])),
    );
    return aChoice({
      plan: {
        revision: 'r',
        complete: true,
        held,
        items: planned.map(({ name, priority, start }) => ({ image: name, priority, start })),
      },
      cells,
      running: new Map(running),
      histories: new Map(named.map(image => [image.name, { ...BLANK, healAtMs: NOW + (image.healInMs ?? 0) }])),
      disk: {
        space: seen ? { usedBytes, capacityBytes: 1_000 } : 'unknown',
        maxUsedPercent: 80,
        settling: false,
        sizes,
      },
      permits: new Set(named.filter(image => image.permitted).map(image => image.name)),
      alone: aloneForMs === undefined ? undefined : { sinceMs: NOW - aloneForMs, lastTryMs: NOW },
      parallelPulls,
    });
  }

  test('slots, permits, disk and the plan are kept, and the same node gives the same choice', () => {
    fc.assert(
      fc.property(aNode, node => {
        const choice = toChoice(node);
        const next = choosePulls(choice, NOW);
        const cell = new Map(choice.cells.map(each => [each.image, each]));
        const item = new Map(choice.plan?.items.map(each => [each.image, each]));
        hits.runs += 1;
        hits.starts += next.start.length;
        hits.asks += next.wanted.length;
        for (const { why } of next.cancel) hits[why] += 1;
        hits.fit += next.fit.length;
        for (const { waitingFor } of next.cells) if (waitingFor && waitingFor in hits) hits[waitingFor as 'Slot'] += 1;

        expect(choosePulls(choice, NOW)).toEqual(next);
        const slow = [...choice.running.values()].filter(pull => isSlow(pull, 1_000, NOW)).length;
        hits.slow += slow;
        expect(choice.running.size + next.start.length).toBeLessThanOrEqual(
          Math.max(Math.min(choice.parallelPulls + slow, 2 * choice.parallelPulls), choice.running.size),
        );
        expect(next.wanted.length).toBeLessThanOrEqual(choice.parallelPulls);
        expect(new Set([...next.start, ...next.wanted].map(({ image }) => image)).size).toBe(
          next.start.length + next.wanted.length,
        );
        for (const { image } of [...next.start, ...next.wanted]) {
          expect(['Missing', 'Failed']).toContain(cell.get(image)?.state);
          expect(cell.get(image)?.retryAtMs ?? NOW).toBeLessThanOrEqual(NOW);
          expect([item.get(image)?.start, choice.plan?.held]).toEqual([true, undefined]);
          expect(choice.running.has(image)).toBe(false);
        }
        const withoutPermit = next.start.filter(order => !choice.permits.has(order.image));
        hits.withoutPermit += withoutPermit.length;
        expect(withoutPermit.map(order => order.withoutPermit)).toEqual(withoutPermit.map(() => true));
        if (withoutPermit.length > 0) {
          expect(choice.alone?.sinceMs).toBeLessThanOrEqual(NOW - 10_000);
          expect(withoutPermit.length + [...choice.running.values()].filter(pull => pull.withoutPermit).length).toBe(1);
        }
        const takenBytes = next.start.reduce((sum, { image }) => sum + bytesToWrite(image, choice.disk.sizes), 0);
        const going = choice.running.values().filter(({ image }) => next.cancel.every(order => order.image !== image));
        if (takenBytes > 0) expect(takenBytes).toBeLessThanOrEqual(freeForPulls(choice.disk, going));
        const unplanned = [...choice.running.keys()].filter(image => !item.has(image));
        expect(next.cancel.filter(({ why }) => why === 'unplanned').map(({ image }) => image)).toEqual(unplanned);
        const stopped = next.cancel.map(({ image }) => image);
        expect(new Set([...stopped, ...next.fit.map(({ image }) => image)]).size).toBe(
          stopped.length + next.fit.length,
        );
        expect(next.dueMs).toBeGreaterThan(NOW);
        expect(next.dueMs).toBeLessThanOrEqual(NOW + 60_000);
        expect(next.cells.map(each => each.image)).toEqual(choice.cells.map(each => each.image));
      }),
      { numRuns: 3_000 },
    );
  });

  test('while permits are held, what starts is never of lower priority than what waits for a slot', () => {
    fc.assert(
      fc.property(aNode, node => {
        const choice = toChoice({
          ...node,
          seen: false,
          images: node.images.map(image => ({ ...image, permitted: true })),
        });
        const next = choosePulls(choice, NOW);
        const rank = (image: string) => {
          const attempts = choice.cells.find(cell => cell.image === image)?.attempts ?? 0;
          const priority = choice.plan?.items.find(item => item.image === image)?.priority ?? 0;
          return (attempts >= 2 ? -10 : 0) + priority;
        };
        const worst = Math.min(...next.start.map(order => rank(order.image)));
        const best = Math.max(...next.wanted.map(({ image }) => rank(image)));
        expect(next.start.length === 0 || best <= worst).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

type NodeOf<A> = A extends fc.Arbitrary<infer T> ? T : never;
