import { collectAsks, groupNodes, type Node } from '@kube-prefetch/core';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { type CellReport, FAILURE_KINDS } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aCell } from '../../testing/index.ts';
import { tagSentence } from './looks-overview.ts';
import { createTags, type ScoutNode, type TagLookResult } from './tags.ts';

const MINUTE = 60_000;
const IMAGE = 'r.example/app:latest';
const NAMES = ['n1', 'n2', 'n3', 'n4'];
const digestOf = (n: number) => `sha256:${String(n).repeat(64)}`;
const holding = (digest: string): CellReport =>
  aCell({ image: IMAGE, state: 'Present', digests: [`r.example/app@${digest}`] });

function start(interval = '10m') {
  const clock = createVirtualClock();
  const state = aState({
    nodes: [...NAMES, 'other'].map(name => aNode({ name })),
    resources: [
      aResource({
        ref: { kind: 'ClusterPrefetch', name: 'app' },
        spec: {
          images: [IMAGE],
          refresh: { policy: 'Always', interval },
          nodes: { names: ['n*'], placement: 'All', tolerations: [] },
        },
      }),
    ],
  });
  const cohorts = groupNodes(collectAsks(state).asks, state.nodes);
  const homeOf = (name: string) => cohorts.find(({ nodes }) => nodes.includes(name)) as (typeof cohorts)[number];
  const nodes = new Map(
    [...NAMES, 'other'].map(name => [
      name,
      {
        name,
        silent: false,
        home: { cohort: homeOf(name) },
        heard: { atMs: 0, cells: new Map<string, CellReport>(), runtime: {} },
      },
    ]),
  );
  const ended: TagLookResult[] = [];
  const called: { node: string; atMs: number }[] = [];
  let changes = 0;
  const tags = createTags({
    clock,
    settings: { intervalMs: 60 * MINUTE, minIntervalMs: MINUTE },
    node: name => nodes.get(name),
    callFor: node => called.push({ node, atMs: clock.monotonicMs() }),
    nodes: () => nodes.values() as Iterable<ScoutNode>,
    changed: () => (changes += 1),
    ended: result => ended.push(result),
  });
  tags.open();
  const pass = () => tags.look(cohorts, state.nodes as readonly Node[], clock.monotonicMs()).get(IMAGE);
  const asked = () => [...nodes.keys()].filter(name => tags.asksOf(name).length > 0);
  const hold = (name: string, cell: CellReport) => {
    const node = nodes.get(name) as ScoutNode;
    nodes.get(name)?.heard.cells.set(IMAGE, cell);
    tags.heard(node, [cell]);
  };
  return { clock, tags, nodes, pass, asked, hold, ended, called, changes: () => changes };
}

async function untilAsked({ clock, pass, asked }: ReturnType<typeof start>): Promise<string> {
  for (let steps = 0; steps < 200 && asked().length === 0; steps += 1) {
    await clock.advance(5_000);
    pass();
  }
  return asked()[0] ?? '';
}

test('what a look finds is planned only where nodes hold something else, and then stays planned', async () => {
  const line = start();
  for (const name of NAMES) line.hold(name, holding(digestOf(1)));
  line.tags.looked(await untilAsked(line), [{ image: IMAGE, digest: digestOf(1) }]);
  expect([line.pass(), line.ended, line.changes()]).toEqual([undefined, ['same'], 0]);
  line.tags.looked(await untilAsked(line), [{ image: IMAGE, digest: digestOf(2) }]);
  expect([line.pass(), line.ended, line.changes()]).toEqual([digestOf(2), ['same', 'moved'], 1]);
  for (const name of NAMES) line.hold(name, holding(digestOf(2)));
  line.tags.looked(await untilAsked(line), [{ image: IMAGE, digest: digestOf(2) }]);
  expect([line.pass(), line.ended.at(-1), line.changes()]).toEqual([digestOf(2), 'same', 1]);
});

test('a node that turns up with other contents makes plans name them', async () => {
  const line = start();
  line.tags.looked(await untilAsked(line), [{ image: IMAGE, digest: digestOf(1) }]);
  line.hold('other', holding(digestOf(3)));
  expect(line.pass()).toBeUndefined();
  line.hold('n2', holding(digestOf(3)));
  expect([line.pass(), line.changes()]).toEqual([digestOf(1), 1]);
});

test('a pull that brings other contents has the tag looked up soon, by another node, no more often than the least interval', async () => {
  const line = start('15m');
  line.tags.outdated(IMAGE);
  const scout = await untilAsked(line);
  line.tags.looked(scout, [{ image: IMAGE, digest: digestOf(1) }]);
  for (let i = 0; i < 5; i += 1) line.tags.outdated(IMAGE);
  await line.clock.advance(MINUTE - 1);
  line.pass();
  expect(line.asked()).toEqual([]);
  await line.clock.advance(6_000);
  line.pass();
  expect(line.asked().length).toBe(1);
  expect(line.asked()).not.toContain(scout);
});

test('a node that is asked is called until it reports: one that has just reported, or does not poll now, takes no notice', async () => {
  const line = start();
  const { clock, tags, nodes, pass, called } = line;
  const scout = await untilAsked(line);
  const askedMs = clock.monotonicMs();
  const calls = () => called.map(({ node, atMs }) => `${node} ${atMs - askedMs}`);
  const passWhenDue = async () => {
    await clock.advance(tags.nextDueMs() - clock.monotonicMs());
    pass();
  };
  pass();
  expect(calls()).toEqual([`${scout} 0`]);
  await passWhenDue();
  await passWhenDue();
  expect(calls()).toEqual([`${scout} 0`, `${scout} 6000`, `${scout} 12000`]);
  Object.assign(nodes.get(scout)?.heard ?? {}, { atMs: clock.monotonicMs() });
  pass();
  expect(tags.nextDueMs()).toBe(askedMs + 120_000);
  await clock.advance(30_000);
  pass();
  expect(called.length).toBe(3);
});

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5 * MINUTE }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('silence' as const, 'hear' as const, 'lie' as const, 'outdated' as const),
        node: fc.constantFrom(...NAMES),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), digest: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('fail' as const), kind: fc.constantFrom(...FAILURE_KINDS) }) },
  ),
  { maxLength: 80, size: 'max' },
);

test('one node at a time is asked, one that wants the tag and is heard of; and only its answer changes what is known', async () => {
  const hits = new Map<string, number>();
  const hit = (what: string) => hits.set(what, (hits.get(what) ?? 0) + 1);
  await fc.assert(
    fc.asyncProperty(steps, async all => {
      const line = start();
      let turns = 0;
      const startMs = line.clock.monotonicMs();
      for (const step of all) {
        const before = line.asked();
        const known = line.tags.view()[0]?.digest;
        const [scout] = before;
        if (step.do === 'wait') await line.clock.advance(step.ms);
        else if (step.do === 'silence') Object.assign(line.nodes.get(step.node) ?? {}, { silent: true });
        else if (step.do === 'hear') Object.assign(line.nodes.get(step.node) ?? {}, { silent: false });
        else if (step.do === 'outdated') line.tags.outdated(IMAGE);
        else if (step.do === 'lie') {
          if (step.node === scout) continue;
          line.tags.looked(step.node, [{ image: IMAGE, digest: digestOf(9) }]);
          hit('answered without being asked');
        } else if (scout !== undefined && (step.do === 'answer' || step.do === 'fail')) {
          const result =
            step.do === 'answer' ? { digest: digestOf(step.digest) } : { failure: { kind: step.kind, message: '' } };
          line.tags.looked(scout, [{ image: IMAGE, ...result }]);
          if (step.do === 'answer') expect(line.tags.view()[0]?.digest).toBe(digestOf(step.digest));
          else expect(line.tags.view()[0]?.digest).toBe(known);
          hit(step.do === 'answer' ? 'answered' : 'failed');
        }
        if (step.do !== 'answer') expect(line.tags.view()[0]?.digest).toBe(known);
        line.pass();
        const after = line.asked();
        expect(after.length).toBeLessThanOrEqual(1);
        expect(after).not.toContain('other');
        if (after[0] !== undefined && after[0] !== scout) {
          turns += 1;
          expect(line.nodes.get(after[0])?.silent).toBe(false);
          hit(scout === undefined ? 'asked' : 'replaced');
        }
      }
      // Of each turn three nodes at most, and of what was outdated one turn in a minute at most.
      const minutes = (line.clock.monotonicMs() - startMs) / MINUTE;
      const outdated = all.some(step => step.do === 'outdated');
      expect(turns).toBeLessThanOrEqual(3 * (outdated ? minutes + 2 : minutes / 10 + 2));
    }),
    { numRuns: 200 },
  );
  console.info('looks:', Object.fromEntries(hits));
  for (const what of ['asked', 'replaced', 'answered', 'failed', 'answered without being asked'])
    expect(hits.get(what) ?? 0).toBeGreaterThan(50);
});

test('a sentence says when a tag was looked up and by whom, what it stands for, or why that is not known', async () => {
  const line = start();
  const { clock, tags, pass } = line;
  const sentence = (image = IMAGE) => tagSentence(image, tags.view(), clock)?.replaceAll(/\d{4}-[\dT:.-]+Z/g, 'TIME');
  pass();
  expect(sentence()).toBe(
    'the tag was not looked up yet since this coordinator began to lead; the next look is at TIME, one every 600 s',
  );
  const scout = await untilAsked(line);
  expect(sentence()).toMatch(new RegExp(`; ${scout} looks it up now, one every 600 s$`));
  tags.looked(scout, [{ image: IMAGE, digest: digestOf(1) }]);
  expect(sentence()).toBe(
    `${scout} looked the tag up at TIME: it stands for ${digestOf(1)}; the next look is at TIME, one every 600 s`,
  );
  const failure = { kind: 'RateLimited' as const, message: 'it answers 429' };
  tags.looked(await untilAsked(line), [{ image: IMAGE, failure }]);
  expect(sentence()).toBe(
    `the tag could not be looked up at TIME by ${scout}: RateLimited: it answers 429; before it stood for ${digestOf(1)}; the next look is at TIME, one every 600 s`,
  );
  expect(sentence('r.example/other:1')).toContain('is not looked up: nobody who asks for it wants that');
  expect(sentence(`r.example/app@${digestOf(1)}`)).toBeUndefined();
});
