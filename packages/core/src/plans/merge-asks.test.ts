import { aResource, aState } from '@kube-prefetch/core/testing';
import { MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import { mergeAsks } from './merge-asks.ts';

function merged(...askers: readonly (readonly [priority: number, suspend: boolean])[]) {
  const resources = askers.map(([priority, suspend], index) =>
    aResource({ ref: { kind: 'ClusterPrefetch', name: `r${index}` }, spec: { images: ['web:1'], priority, suspend } }),
  );
  return mergeAsks(collectAsks(aState({ resources })).asks).items;
}

test.each([
  ['one asker', [[3, false]], 3, true],
  [
    'the highest priority counts',
    [
      [3, false],
      [10, false],
      [-5, false],
    ],
    10,
    true,
  ],
  [
    'negative priorities',
    [
      [-3, false],
      [-10, false],
    ],
    -3,
    true,
  ],
  ['a suspended asker alone starts nothing', [[3, true]], 3, false],
  [
    'all suspended',
    [
      [3, true],
      [4, true],
    ],
    4,
    false,
  ],
  [
    'a suspended asker does not stop another',
    [
      [3, true],
      [0, false],
    ],
    3,
    true,
  ],
] as const)('%s', (_what, askers, priority, start) => {
  expect(merged(...askers)).toEqual([{ image: 'web:1', priority, start }]);
});

test('the contents that a tag stands for are wanted where somebody who may pull has it looked up', () => {
  const items = (...resources: ReturnType<typeof aResource>[]) =>
    mergeAsks(collectAsks(aState({ resources })).asks, new Map([['web:1', 'sha256:1']])).items;
  const refresh = { policy: 'Always' as const };
  const always = aResource({ spec: { images: ['web:1'], refresh } });
  const other = aResource({ ref: { kind: 'ClusterPrefetch', name: 'base' }, spec: { images: ['web:1', 'api:1'] } });
  expect(items(other, always)).toEqual([
    { image: 'api:1', priority: 0, start: true },
    { image: 'web:1', priority: 0, start: true, refresh: true, digest: 'sha256:1' },
  ]);
  const suspended = aResource({ spec: { images: ['web:1'], refresh, suspend: true } });
  expect(items(other, suspended)[1]).toEqual({ image: 'web:1', priority: 0, start: true });
});

test('what a plan cannot hold is left out from the end of the order', () => {
  const images = Array.from({ length: MAX_IMAGES_PER_NODE }, (_, index) => `app:${String(index).padStart(5, '0')}`);
  const resources = [
    aResource({ spec: { images } }),
    aResource({ ref: { kind: 'ClusterPrefetch', name: 'base' }, spec: { images: ['z:1', 'app:00000'], priority: 1 } }),
  ];
  const { items, leftOut } = mergeAsks(collectAsks(aState({ resources })).asks);
  expect(items).toHaveLength(MAX_IMAGES_PER_NODE);
  expect(items.slice(0, 3).map(({ image }) => image)).toEqual(['app:00000', 'z:1', 'app:00001']);
  expect(leftOut.map(({ image }) => image)).toEqual(['app:01999']);
});
