import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import type { ImageRef, ResourceRef } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupNodes } from '../plans/group-nodes.ts';
import { limitBytes } from '../plans/limit-bytes.ts';
import { planCohorts } from '../plans/plan-cohorts.ts';
import { collectAsks } from './collect-asks.ts';
import { isTenantGlob, type TenantLimits } from './tenant-limits.ts';

const shop = (name: string): ResourceRef => ({ kind: 'Prefetch', namespace: 'shop', name });
const BANK: ResourceRef = { kind: 'Prefetch', namespace: 'bank', name: 'web' };
const BASE: ResourceRef = { kind: 'ClusterPrefetch', name: 'base' };

type Wanted = readonly (readonly [ResourceRef, readonly ImageRef[]])[];

/** One node, and what its plan starts: `image`, or `(image)` where it starts no pull; and what is left out. */
function plan(wanted: Wanted, limits: TenantLimits, sizes: Readonly<Record<ImageRef, number>> = {}) {
  const resources = wanted.map(([ref, images]) => aResource({ ref, spec: { images: [...images] } }));
  const state = aState({ resources, nodes: [aNode()] });
  const { asks, beyond } = collectAsks(state, limits);
  const cohorts = limitBytes(groupNodes(asks, state.nodes), limits, image => sizes[image]);
  const [items = []] = [...planCohorts(cohorts, []).values()].map(({ items }) => items);
  return {
    planned: items.map(({ image, start }) => (start ? image : `(${image})`)),
    beyond: Object.fromEntries(
      [...beyond].map(([name, left]) => [name, left.map(({ image, limit }) => `${image} ${limit}`)]),
    ),
  };
}

test('tenants may ask for what one of the globs names, the administrator for anything', () => {
  const limits = { images: ['docker.io/library/*', 'r.example/shop/*'] };
  const images = [
    'nginx',
    'r.example/shop/web:1',
    'r.example/bank/web:1',
    'docker.io.evil.example/library/x',
    'Not A Reference',
  ];
  expect(plan([[shop('web'), images]], limits)).toEqual({
    planned: ['nginx', 'r.example/shop/web:1'],
    beyond: {
      'Prefetch shop/web': [
        'Not A Reference images',
        'docker.io.evil.example/library/x images',
        'r.example/bank/web:1 images',
      ],
    },
  });
  expect(plan([[BASE, images]], limits)).toEqual({ planned: images.toSorted(), beyond: {} });
});

test('tenants may ask for what their own rules make of it only if a glob names that', () => {
  const rewrite = [{ from: 'r.example/shop/', to: 'evil.example/' }];
  const spec = { images: ['r.example/shop/web', 'evil.example/web', 'r.example/shop/'], rewrite };
  const { asks, beyond } = collectAsks(aState({ resources: [aResource({ spec })] }), { images: ['r.example/shop/*'] });
  expect(asks).toEqual([]);
  expect([...beyond.values()].flat().map(({ image }) => image)).toEqual(['evil.example/web', 'r.example/shop/']);
});

test('a namespace may ask for so many images, whichever of its resources ask, and others do not suffer', () => {
  const wanted: Wanted = [
    [shop('a'), ['b:1', 'c:1']],
    [shop('b'), ['a:1', 'b:1']],
    [BANK, ['x:1', 'y:1']],
    [BASE, ['c:1', 'd:1']],
  ];
  expect(plan(wanted, { imagesPerNamespace: 2 })).toEqual({
    planned: ['a:1', 'b:1', 'c:1', 'd:1', 'x:1', 'y:1'],
    beyond: { 'Prefetch shop/a': ['c:1 imagesPerNamespace'] },
  });
});

test('what a namespace may not have does not count', () => {
  const limits = { images: ['r.example/*'], imagesPerNamespace: 1 };
  expect(plan([[shop('a'), ['a:1', 'r.example/b:1']]], limits).planned).toEqual(['r.example/b:1']);
});

test('beyond the bytes of a node no pull starts, smaller images may still fit, and others do not suffer', () => {
  const sizes = { 'a:1': 60, 'b:1': 60, 'c:1': 40, 'd:1': 500 };
  const wanted: Wanted = [
    [shop('a'), ['a:1', 'b:1', 'c:1', 'unknown:1']],
    [BANK, ['b:1']],
    [BASE, ['d:1']],
  ];
  expect(plan(wanted.slice(0, 1), { bytesPerNode: 100 }, sizes).planned).toEqual(['a:1', '(b:1)', 'c:1', 'unknown:1']);
  expect(plan(wanted, { bytesPerNode: 100 }, sizes).planned).toEqual(['a:1', 'b:1', 'c:1', 'd:1', 'unknown:1']);
});

test("no tenant's wishes change what others get", () => {
  const hits = { limited: 0, runs: 0 };
  const ref = fc.constantFrom<ResourceRef>(shop('a'), shop('b'), BANK, BASE);
  const images = fc.uniqueArray(fc.constantFrom('a:1', 'b:1', 'c:1', 'r.example/d:1', 'r.example/e:1'), {
    minLength: 1,
  });
  const wanted = fc.uniqueArray(fc.tuple(ref, images), { selector: ([{ name, namespace }]) => `${namespace}/${name}` });
  const limits = fc.record(
    { images: fc.constant(['r.example/*']), imagesPerNamespace: fc.nat(4), bytesPerNode: fc.nat(200) },
    { requiredKeys: [] },
  );
  const sizes = fc.record({
    'a:1': fc.nat(100),
    'b:1': fc.nat(100),
    'r.example/d:1': fc.nat(100),
    'r.example/e:1': fc.nat(100),
  });
  fc.assert(
    fc.property(wanted, limits, sizes, (all, bounds, known) => {
      const whole = plan(all, bounds, known);
      const others = all.filter(([{ namespace }]) => namespace !== 'shop');
      const started = plan(others, bounds, known).planned.filter(image => !image.startsWith('('));
      expect(whole.planned).toEqual(expect.arrayContaining(started));
      hits.runs += 1;
      if (whole.planned.some(image => image.startsWith('(')) || Object.keys(whole.beyond).length > 0) hits.limited += 1;
    }),
    { numRuns: 500 },
  );
  console.log('tenants:', hits);
  expect(hits.limited).toBeGreaterThan(100);
});

test.each([
  ['*', true],
  ['r.example/*', true],
  ['r.example:5000/team/app', true],
  ['*.example/team/*', false],
  ['r.example*', false],
  ['r.example/', false],
  ['/x', false],
  ['', false],
])('%j is a glob over images: %s', (glob, good) => {
  expect(isTenantGlob(glob)).toBe(good);
});
