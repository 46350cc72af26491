import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_IMAGES_PER_NODE } from '../shared-fields.ts';
import { adoptPlan, type Plan } from './plan.ts';

const RUNS = { numRuns: 5_000 };

/** Few images, so that two plans often share some. */
const items = fc.uniqueArray(
  fc.record({
    image: fc.constantFrom('a', 'b', 'c:1', 'd@sha256:0', 'e/f'),
    priority: fc.integer({ min: -2, max: 2 }),
    start: fc.boolean(),
  }),
  { selector: item => item.image },
);

const plan: fc.Arbitrary<Plan> = fc.record(
  {
    revision: fc.constantFrom('r1', 'r2', 'r3'),
    complete: fc.boolean(),
    held: fc.constant('the node is cordoned'),
    runtimeVersion: fc.constantFrom('containerd://1.6.20', 'containerd://2.4.2'),
    items,
  },
  { requiredKeys: ['revision', 'complete', 'items'] },
);

const incomplete = plan.map(one => ({ ...one, complete: false }));

test('a complete plan is adopted as it is, whatever was held before', () => {
  fc.assert(
    fc.property(fc.option(plan, { nil: undefined }), plan, (previous, next) => {
      const complete = { ...next, complete: true };
      expect(adoptPlan(previous, complete)).toEqual(complete);
    }),
    RUNS,
  );
});

test.each([
  ['one of a coordinator that has just begun keeps what was wanted', { refresh: true }, 'sha256:old'],
  ['one that wants other contents', { refresh: true, digest: 'sha256:new' }, 'sha256:new'],
  ['one that does not look the tag up wants any', {}, undefined],
])('of plans after one that knows contents: %s', (_what, item, digest) => {
  const planned = (more: object): Plan => ({
    revision: 'r',
    complete: true,
    items: [{ image: 'a', priority: 0, start: true, ...more }],
  });
  const adopted = adoptPlan(planned({ refresh: true, digest: 'sha256:old' }), planned(item));
  expect(adopted.items[0]?.digest).toBe(digest);
});

test('a first plan is adopted as it is, also an incomplete one', () => {
  fc.assert(
    fc.property(plan, next => {
      expect(adoptPlan(undefined, next)).toEqual(next);
    }),
    RUNS,
  );
});

test('an incomplete plan never drops an image, and is itself never dropped', () => {
  const hits = { 'adds to what was held': 0, 'names all that was held': 0 };
  fc.assert(
    fc.property(plan, incomplete, (previous, next) => {
      const held = imagesOf(adoptPlan(previous, next));
      hits[held.length > next.items.length ? 'adds to what was held' : 'names all that was held'] += 1;
      expect(new Set(held)).toEqual(new Set([...imagesOf(previous), ...imagesOf(next)]));
      expect(held.length).toBe(new Set(held).size);
    }),
    RUNS,
  );
  process.stdout.write(`adopted plans: ${JSON.stringify(hits)}\n`);
  expect(Math.min(...Object.values(hits))).toBeGreaterThan(RUNS.numRuns / 20);
});

test('an incomplete plan decides everything but the images it does not name', () => {
  fc.assert(
    fc.property(plan, incomplete, (previous, next) => {
      const adopted = adoptPlan(previous, next);
      const named = adopted.items.slice(0, next.items.length);
      const kept = adopted.items.slice(next.items.length);
      expect({ ...adopted, items: named }).toEqual(next);
      expect(kept).toEqual(previous.items.filter(item => !imagesOf(next).includes(item.image)));
    }),
    RUNS,
  );
});

test('any number of incomplete plans in a row drop nothing, and the next complete one ends it', () => {
  fc.assert(
    fc.property(plan, fc.array(incomplete), plan, (first, later, last) => {
      const held = later.reduce(adoptPlan, first);
      expect(imagesOf(held)).toEqual(expect.arrayContaining([first, ...later].flatMap(imagesOf)));
      expect(adoptPlan(held, { ...last, complete: true }).items).toEqual(last.items);
    }),
    { numRuns: 1_000 },
  );
});

test('what is held on to stays within the bound of a plan: the newest plan whole, of the rest the first in pull order', () => {
  const planned = (prefix: string, count: number): Plan => ({
    revision: prefix,
    complete: false,
    items: Array.from({ length: count }, (_, n) => ({ image: `${prefix}:${n}`, priority: 0, start: true })),
  });
  const next = planned('next', MAX_IMAGES_PER_NODE - 1);
  const held = imagesOf(adoptPlan(planned('old', MAX_IMAGES_PER_NODE), next));
  expect(held).toEqual([...imagesOf(next), 'old:0']);
});

test('a plan that comes twice changes nothing the second time', () => {
  fc.assert(
    fc.property(plan, plan, (previous, next) => {
      const once = adoptPlan(previous, next);
      expect(adoptPlan(once, next)).toEqual(once);
    }),
    RUNS,
  );
});

function imagesOf({ items: planned }: Plan): readonly string[] {
  return planned.map(item => item.image);
}
