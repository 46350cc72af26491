import { aResource, aState, aNode } from '@kube-prefetch/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import { groupNodes } from '../plans/group-nodes.ts';
import { chooseScout, type ScoutCandidate } from './choose-scout.ts';
import { type MovingTags, movingTags } from './moving-tags.ts';
import { nextLookMs, paceLooks } from './when-to-look.ts';

const HOUR = 3_600_000;
const SETTINGS = { intervalMs: HOUR, minIntervalMs: 60_000 };

test('the shortest interval of all who want a tag looked up counts, and none is shorter than the least', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const spec = (interval: string | undefined, more = {}) => ({
    images: ['app:1'],
    refresh: { policy: 'Always' as const, ...(interval && { interval }) },
    ...more,
  });
  const specs = [
    spec('6h'),
    spec(undefined),
    spec('30m', { suspend: true }),
    spec('45m'),
    spec('5s', { images: ['b:1'] }),
  ];
  const resources = specs.map((each, i) =>
    aResource({ ref: { kind: 'ClusterPrefetch', name: names[i] ?? '' }, spec: each }),
  );
  const state = aState({ resources, nodes: [aNode({ name: 'n1' }), aNode({ name: 'n2', unschedulable: true })] });
  const cohorts = groupNodes(collectAsks(state).asks, state.nodes);
  const tags = movingTags(cohorts, SETTINGS);
  expect([...tags].map(([image, { intervalMs, cohorts: wanting }]) => [image, intervalMs, wanting.size])).toEqual([
    ['app:1', 45 * 60_000, 1],
    ['b:1', 60_000, 1],
  ]);
});

const candidate = (node: string, more: Partial<ScoutCandidate> = {}): ScoutCandidate => ({
  node,
  zone: 'a',
  runtime: 'containerd',
  brings: false,
  unfit: false,
  ...more,
});

test.each<[string, readonly ScoutCandidate[], readonly string[], string | undefined, string | undefined]>([
  ['nobody is there', [], [], undefined, undefined],
  ['all were tried', [candidate('n1')], ['n1'], undefined, undefined],
  ['one brings credentials', [candidate('n1'), candidate('n2', { brings: true, unfit: true })], [], 'n1', 'n2'],
  ['one failed lately', [candidate('n1', { unfit: true }), candidate('n2')], [], 'n1', 'n2'],
  ['one looked last', [candidate('n1'), candidate('n2'), candidate('n3')], [], 'n3', 'n3'],
  [
    'one is of another zone',
    [candidate('n1'), candidate('n2'), candidate('n3', { zone: 'b' })],
    ['n1'],
    undefined,
    'n3',
  ],
  [
    'one has another runtime',
    [candidate('n1'), candidate('n2'), candidate('n3', { runtime: 'docker' })],
    ['n1'],
    undefined,
    'n3',
  ],
])('where %s', (_case, candidates, tried, last, scout) => {
  expect(chooseScout('app:1', candidates, tried, last)).toBe(scout);
  expect(chooseScout('app:1', candidates.toReversed(), tried, last)).toBe(scout);
});

test('many tags are spread over the nodes, each always with the same one', () => {
  const candidates = Array.from({ length: 10 }, (_, i) => candidate(`node-${i}`));
  const chosen = Array.from({ length: 1_000 }, (_, i) => chooseScout(`app:${i}`, candidates, [], undefined));
  const counts = [...Map.groupBy(chosen, node => node).values()].map(({ length }) => length);
  expect([counts.length, Math.min(...counts) > 60, Math.max(...counts) < 140]).toEqual([10, true, true]);
});

const tagsOf = (count: number, intervalMs: number): MovingTags =>
  new Map(Array.from({ length: count }, (_, i) => [`r.example/app-${i}:latest`, { intervalMs, cohorts: new Map() }]));

test('whenever it is asked, the turn of a tag is the same one, later than now and within one interval', () => {
  const hits = { 'the same turn': 0, 'a later one': 0 };
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1_000, max: 24 * HOUR }),
      fc.nat(1e12),
      fc.nat(24 * HOUR),
      (image, ms, now, waitMs) => {
        const turnMs = nextLookMs(image, ms, now);
        expect(turnMs).toBeGreaterThan(now);
        expect(turnMs).toBeLessThanOrEqual(now + ms * 1.000_001);
        const later = nextLookMs(image, ms, now + waitMs);
        const same = now + waitMs < turnMs;
        hits[same ? 'the same turn' : 'a later one'] += 1;
        if (same) expect(later).toBeCloseTo(turnMs, 1);
        else expect(later - turnMs).toBeCloseTo(Math.round((later - turnMs) / ms) * ms, 0);
      },
    ),
    { numRuns: 5_000 },
  );
  console.info('turns:', hits);
  expect(Math.min(...Object.values(hits))).toBeGreaterThan(500);
});

test('the turns of many tags are spread evenly over the interval', () => {
  const counts = new Map<number, number>();
  for (const image of tagsOf(10_000, HOUR).keys()) {
    const tenth = Math.floor((nextLookMs(image, HOUR, 0) / HOUR) * 10);
    counts.set(tenth, (counts.get(tenth) ?? 0) + 1);
  }
  expect([counts.size, Math.min(...counts.values()) > 900, Math.max(...counts.values()) < 1_100]).toEqual([
    10,
    true,
    true,
  ]);
});

test('however many come due and whenever passes are, looks begin no faster than at twice the mean rate or one a second', () => {
  const hits = { 'as many as are due': 0, 'held back': 0, 'enough run': 0 };
  const step = fc.record({ afterMs: fc.nat(60_000), due: fc.nat(200), running: fc.nat(64) });
  fc.assert(
    fc.property(fc.constantFrom(1, 100, 3_000), fc.array(step, { minLength: 1, maxLength: 50 }), (count, steps) => {
      const tags = tagsOf(count, HOUR);
      const leastMs = Math.min(1_000, HOUR / count / 2);
      let [now, takenUntilMs, begun] = [0, -Infinity, 0];
      for (const { afterMs, due, running } of steps) {
        now += afterMs;
        const pace = paceLooks({ due, running, tags }, takenUntilMs, now);
        ({ takenUntilMs } = pace);
        begun += pace.begin;
        hits[pace.begin === due ? 'as many as are due' : pace.begin === 64 - running ? 'enough run' : 'held back'] += 1;
        expect(pace.begin + running).toBeLessThanOrEqual(Math.max(64, running));
        expect(begun * leastMs).toBeLessThanOrEqual(now + 10_000 + 0.001);
      }
    }),
    { numRuns: 300 },
  );
  console.info('paced looks:', hits);
  expect(Math.min(...Object.values(hits))).toBeGreaterThan(50);
});
