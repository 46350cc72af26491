import type { Plan } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aPermitRequest } from '../../testing/index.ts';
import { onlyPlanned } from './only-planned.ts';

const PLAN: Plan = {
  revision: 'one',
  complete: true,
  items: [
    { image: 'a', priority: 3, start: true },
    { image: 'idle', priority: 0, start: false },
  ],
};
const REQUEST = aPermitRequest({
  holding: ['a', 'idle', 'x'],
  wanting: ['a', 'idle', 'x'].map(image => ({ image, priority: 1_000 })),
});

test.each<[string, Partial<Plan>, readonly string[], Readonly<Record<string, number>>]>([
  ['of a complete plan', {}, ['a', 'idle'], { a: 3 }],
  ['while nothing may start on the node', { held: 'cordoned' }, ['a', 'idle'], {}],
  [
    'of an incomplete plan: an agent goes on with what was planned before',
    { complete: false },
    ['a', 'idle', 'x'],
    { a: 3, x: 0 },
  ],
])('what a node may request %s', (_case, parts, holding, wanting) => {
  const request = onlyPlanned(REQUEST, { ...PLAN, ...parts });
  expect(request.holding).toEqual(holding);
  expect(Object.fromEntries(request.wanting.map(({ image, priority }) => [image, priority]))).toEqual(wanting);
});
