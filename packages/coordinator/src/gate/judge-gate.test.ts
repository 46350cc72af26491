import type { CellReport, FailureKind } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { type GatedNode, judgeGate } from './judge-gate.ts';

type Said = CellReport['state'] | FailureKind | undefined;

const SINCE = '2026-01-01T00:00:00Z';

/** A node that wants an image for each of these, and says so of it; a failure kind stands for Failed. */
function gated(says: readonly Said[], others: Partial<GatedNode> = {}): GatedNode {
  const cells = new Map(says.map((said, index) => [`image-${index}`, said]));
  return {
    wanted: [...cells.keys()].map(image => ({ image, start: true })),
    cellOf(image) {
      const said = cells.get(image);
      if (said === undefined) return undefined;
      if (said === 'Present' || said === 'Pulling' || said === 'Missing') return { image, state: said, since: SINCE };
      return { image, state: 'Failed', since: SINCE, failure: { kind: said as FailureKind, message: '' } };
    },
    ready: true,
    applicable: true,
    unsure: undefined,
    waitedMs: 0,
    ...others,
  };
}

test.each<[string, GatedNode, string | undefined]>([
  ['holds everything', gated(['Present', 'Present']), 'NodeWarm: pods may start here now: 2 of 2 images are present'],
  ['should hold nothing', gated([]), 'NodeWarm: pods may start here now: 0 of 0 images are present'],
  ['still pulls', gated(['Present', 'Pulling']), undefined],
  ['has not reported', gated([undefined]), undefined],
  ['holds everything and is not Ready', gated(['Present'], { ready: false }), undefined],
  ['should hold nothing and is not Ready', gated([], { ready: false }), undefined],
  ['may want more than is known', gated(['Present'], { unsure: 'nodes: forbidden' }), undefined],
  [
    'has an image that does not exist',
    gated(['Present', 'NotFound']),
    'NodeNeverWarm: pods may start here now although images are missing: 1 of 2 images are present; cannot come: image-1',
  ],
  ['has one that does not exist and one to come', gated(['Pulling', 'NotFound']), undefined],
  ['has one that may come yet', gated(['RegistryUnavailable']), undefined],
  [
    'gets no agent',
    gated([undefined], { applicable: false }),
    'NodeNeverWarm: pods may start here now although the node gets no agent: 0 of 1 images are present',
  ],
  [
    'may start no pull',
    gated([], { wanted: [{ image: 'a', start: false }] }),
    'NodeNeverWarm: pods may start here now although images are missing: 0 of 1 images are present; cannot come: a',
  ],
  [
    'waited too long',
    gated(['Pulling'], { waitedMs: 60_000 }),
    'NodeNotWarmInTime: pods may start here now, after 60 s: 0 of 1 images are present; missing: image-0',
  ],
  [
    'waited too long and is not Ready',
    gated([], { waitedMs: 61_000, ready: false }),
    'NodeNotWarmInTime: pods may start here now, after 61 s: 0 of 0 images are present; the node is not Ready',
  ],
  [
    'waited too long for what is not known',
    gated([], { waitedMs: 60_000, unsure: 'Prefetch shop/web does not exist' }),
    'NodeNotWarmInTime: pods may start here now, after 60 s: 0 of 0 images are present; Prefetch shop/web does not exist',
  ],
])('a node that %s', (_case, node, expected) => {
  const opening = judgeGate(node, 60_000);
  expect(opening && `${opening.reason}: ${opening.message}`).toBe(expected);
});

test('no more than five missing images are named', () => {
  const { message } = judgeGate(gated(Array.from({ length: 8 }, () => 'NotFound' as const)), 60_000) ?? { message: '' };
  expect(message).toContain('image-4, and 3 more');
});
