import type { PullLimit } from '@kube-prefetch/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseGrants, type Contender, findWaits } from './choose-grants.ts';
import { createUsage } from './usage.ts';

const limit = (key: string, most: number, counts: PullLimit['counts'] = 'pulls'): PullLimit => {
  return { key, of: { kind: 'Resource', name: key }, most, counts, sentence: `${key} lets ${most} through` };
};
const ANY = { most: Infinity, mostLimited: Infinity };
/** Named by the wants of the tests; `all` holds for each of them. */
const LIMITS = {
  shop: limit('shop', 1, 'nodes'),
  base: limit('base', 2, 'nodes'),
  hub: limit('hub', 1),
};

/** `permits a!2@5 b@1/shop+hub c?`: holds so many, wants a with priority 2 since 5, b with priority 0 since 1 and two more limits, c later. */
function contender(node: string, text: string, all: readonly PullLimit[]): Contender {
  const [permits, ...wants] = text.split(' ').filter(Boolean);
  return {
    node,
    permits: Number(permits),
    wants: wants.map(want => {
      const parts = /^(\w+)(\?)?(?:!(\d+))?(?:@(\d+))?(?:\/(.*))?$/.exec(want) ?? [];
      const [, image = '', later, priority = '0', since = '0', names] = parts;
      const own = names?.split('+').map(name => LIMITS[name as keyof typeof LIMITS]) ?? [];
      return {
        image,
        priority: Number(priority),
        sinceMs: Number(since),
        limits: [...all, ...own],
        isLater: later !== undefined,
      };
    }),
  };
}

test.each<[string, Record<string, string>, number, string[]]>([
  ['nothing is free', { n1: '0 a' }, 0, []],
  ['a limit that was lowered frees nothing', { n1: '0 a' }, -3, []],
  ['nobody wants anything', { n1: '0' }, 5, []],
  ['all fit', { n1: '0 a b', n2: '0 a' }, 5, ['n1 a', 'n2 a', 'n1 b']],
  ['any number is free', { n1: '0 a b c' }, Infinity, ['n1 a', 'n1 b', 'n1 c']],
  ['priority comes before everything', { n1: '9 a!1@9', n2: '0 a!0@1' }, 1, ['n1 a']],
  ['the node that holds fewest comes next', { n1: '1 a@1', n2: '0 a@9' }, 1, ['n2 a']],
  ['what comes later yields to equals', { n1: '0 a?@1', n2: '9 a@9', n3: '0 a?!1' }, 2, ['n3 a', 'n2 a']],
  ['then the oldest want', { n1: '0 a@9', n2: '0 a@1' }, 1, ['n2 a']],
  ['then the name', { n2: '0 a', n1: '0 a' }, 1, ['n1 a']],
  [
    'a node with many wants does not starve the others',
    { n1: '0 a b c@0', n2: '0 a@9', n3: '0 a@9' },
    3,
    ['n1 a', 'n2 a', 'n3 a'],
  ],
  ['what a node is granted counts as permits', { n1: '0 a b c', n2: '1 a' }, 3, ['n1 a', 'n1 b', 'n2 a']],
  [
    'the lower one of two limits on an image counts',
    { n1: '0 a/shop+base', n2: '0 a/base', n3: '0 a/shop' },
    9,
    ['n1 a', 'n2 a'],
  ],
  ['a limit of nodes counts a node once', { n1: '0 a/shop b/shop', n2: '0 a/shop' }, 9, ['n1 a', 'n1 b']],
  ['a limit of pulls counts each', { n1: '0 a/hub b/hub' }, 9, ['n1 a']],
  ['a want that is held up holds up none behind it', { n1: '0 a!9/hub b!8/hub c' }, 9, ['n1 a', 'n1 c']],
])('%s', (_case, contenders, free, granted) => {
  const all = [limit('all', free)];
  const list = Object.entries(contenders).map(([node, text]) => contender(node, text, all));
  expect(chooseGrants(list, createUsage(), ANY).map(({ node, want }) => `${node} ${want.image}`)).toEqual(granted);
});

test('a want says which limit holds it up, and how many come first', () => {
  const usage = createUsage();
  usage.add('n9', [LIMITS.hub]);
  const list = Object.entries({ n1: '0 a!2/hub', n2: '0 b/hub c', n3: '0 c/shop' }).map(([node, text]) =>
    contender(node, text, []),
  );
  const waitOf = findWaits(list, usage);
  expect(waitOf('n2', 'b')).toEqual({ limit: LIMITS.hub, before: 1 });
  expect([waitOf('n2', 'c'), waitOf('n3', 'c'), waitOf('n4', 'c')]).toEqual([undefined, undefined, undefined]);
});

const arbitraryContenders = fc
  .array(
    fc.array(
      fc.record({
        image: fc.constantFrom('a', 'b', 'c', 'd'),
        priority: fc.integer({ min: 0, max: 2 }),
        sinceMs: fc.nat(5),
        isLater: fc.boolean(),
        limits: fc.subarray([LIMITS.shop, LIMITS.base, LIMITS.hub, limit('all', 4)]),
      }),
      { maxLength: 4 },
    ),
    { maxLength: 5 },
  )
  .map(nodes =>
    nodes.map((wants, i) => ({
      node: `n${i}`,
      permits: i % 3,
      wants: [...new Map(wants.map(w => [w.image, w])).values()],
    })),
  );

test('no limit is exceeded, no permit is left that somebody may have, none is given twice or past a higher priority', () => {
  const hits = { granted: 0, full: 0, share: 0 };
  fc.assert(
    fc.property(arbitraryContenders, fc.integer({ min: 1, max: 3 }), (contenders, mostLimited) => {
      const usage = createUsage();
      const grants = chooseGrants(contenders, usage, { most: mostLimited + 1, mostLimited });
      expect(new Set(grants.map(({ node, want }) => `${node} ${want.image}`)).size).toBe(grants.length);
      for (const [key, { most, counts }] of Object.entries({ ...LIMITS, all: limit('all', 4) })) {
        const nodes = grants.filter(({ want }) => want.limits.some(one => one.key === key)).map(({ node }) => node);
        expect(counts === 'pulls' ? nodes.length : new Set(nodes).size).toBeLessThanOrEqual(most);
      }
      for (const { node, permits, wants } of contenders) {
        const own = grants.filter(grant => grant.node === node);
        for (const want of wants) {
          if (own.some(grant => grant.want === want)) hits.granted += 1;
          else if (permits + own.length >= mostLimited + (want.limits.length === 0 ? 1 : 0)) hits.share += 1;
          else {
            hits.full += 1;
            const full = usage.full(node, want.limits);
            expect(full).toBeDefined();
            // Whoever has what it is held up for is as urgent at least.
            const holders = grants.filter(grant => grant.want.limits.some(({ key }) => key === full?.key));
            expect(Math.min(...holders.map(grant => grant.want.priority))).toBeGreaterThanOrEqual(
              full?.counts === 'nodes' ? 0 : want.priority,
            );
          }
        }
      }
    }),
    { numRuns: 500 },
  );
  console.log('how often each thing happened:', hits);
  expect(Math.min(...Object.values(hits))).toBeGreaterThan(20);
});
