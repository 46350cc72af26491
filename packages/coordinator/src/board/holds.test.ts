import type { PullLimit, WaveNews } from '@kube-prefetch/core';
import { expect, test } from 'vitest';
import { type HoldsInput, tellHolds } from './holds.ts';

const quiet: HoldsInput = { limits: [], slots: { nodes: 0, images: 0 }, registries: [], tags: [] };
const limit = (of: PullLimit['of'], sentence: string, waiting: number) => ({
  limit: { key: sentence, of, most: 3, counts: 'pulls' as const, sentence },
  used: 3,
  waiting,
});
const news: WaveNews = { holders: 0, fresh: ['n1'], nextHolderMs: 4_000, stuck: 0, isLater: () => false };
const last = { atMs: 0, kind: 'RateLimited' as const, node: 'n1', image: 'r.example/a:1' };
const refusals = (speed?: HoldsInput['registries'][number]['speed']) => ({
  registry: 'r.example',
  speed,
  counts: { RateLimited: 2, RegistryUnavailable: 0 },
  last,
});
const slow = refusals({ most: 1, ranBefore: 8, slowedMs: 1_000, changedMs: 1_000 });
const tag = {
  image: 'a:latest',
  intervalMs: 60_000,
  dueMs: 9_000,
  digest: undefined,
  scout: undefined,
  last: undefined,
};
const tell = (input: Partial<HoldsInput>) => tellHolds({ ...quiet, ...input }, at => 1_000_000 + at);

test.each<[string, Partial<HoldsInput>, object[]]>([
  ['nothing that waits', { limits: [limit({ kind: 'Cluster' }, 'c', 0)], registries: [refusals()] }, []],
  [
    'a full limit',
    { limits: [limit({ kind: 'Cluster' }, 'the cluster may run 3 pulls at once', 7)] },
    [{ kind: 'Limit', text: 'the cluster may run 3 pulls at once', waiting: 7 }],
  ],
  [
    'a slowed registry, which is its limit too',
    { limits: [limit({ kind: 'Registry', name: 'r.example' }, 'r', 5)], registries: [slow] },
    [
      {
        kind: 'Registry',
        text: 'r.example refuses pulls as too fast: at most one pull from it at once, 8 before',
        waiting: 5,
        moreFromMs: 1_031_000,
      },
    ],
  ],
  [
    'a wave',
    { limits: [limit({ kind: 'Wave', image: 'a:1', architecture: 'arm64', news }, 'one node may pull it', 4)] },
    [{ kind: 'Wave', text: 'a:1 on arm64: one node may pull it', waiting: 4, moreFromMs: 1_004_000 }],
  ],
  [
    'slots of nodes',
    { slots: { nodes: 2, images: 9 } },
    [{ kind: 'Limit', text: '2 nodes run as many pulls at once as a node may', waiting: 9 }],
  ],
  [
    'a look that failed',
    { tags: [tag, { ...tag, last: { node: 'n1', atMs: 0, failure: { kind: 'NoAnswer', message: 'none' } } }] },
    [
      {
        kind: 'Look',
        text: 'the tag of a:latest could not be looked up, NoAnswer: none',
        waiting: 0,
        moreFromMs: 1_009_000,
      },
    ],
  ],
])('%s', (_what, input, told) => {
  expect(tell(input)).toEqual({ total: told.length, first: told });
});

test('what is told is bounded in number and in length, and most of those who wait come first', () => {
  const limits = Array.from({ length: 40 }, (_, n) =>
    limit({ kind: 'Wave', image: 'x'.repeat(500), architecture: '', news }, `sentence ${n}`, n),
  );
  const { total, first } = tell({ limits });
  expect([total, first.length, first[0]?.waiting]).toEqual([39, 12, 39]);
  expect(Math.max(...first.map(({ text }) => text.length))).toBeLessThan(250);
});
