import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseGrants, type Contender } from './choose-grants.ts';

/** `permits a!2@5 b@1`: holds so many, wants a with priority 2 since 5 and b with priority 0 since 1. */
function contender(node: string, text: string): Contender {
  const [permits, ...wants] = text.split(' ').filter(Boolean);
  return {
    node,
    permits: Number(permits),
    wants: wants.map(want => {
      const [, image = '', priority = '0', since = '0'] = /^(\w+)(?:!(\d+))?(?:@(\d+))?$/.exec(want) ?? [];
      return { image, priority: Number(priority), sinceMs: Number(since) };
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
  ['then the oldest want', { n1: '0 a@9', n2: '0 a@1' }, 1, ['n2 a']],
  ['then the name', { n2: '0 a', n1: '0 a' }, 1, ['n1 a']],
  [
    'a node with many wants does not starve the others',
    { n1: '0 a b c@0', n2: '0 a@9', n3: '0 a@9' },
    3,
    ['n1 a', 'n2 a', 'n3 a'],
  ],
  ['what a node is granted counts as permits', { n1: '0 a b c', n2: '1 a' }, 3, ['n1 a', 'n1 b', 'n2 a']],
])('%s', (_case, contenders, free, granted) => {
  const list = Object.entries(contenders).map(([node, text]) => contender(node, text));
  expect(chooseGrants(list, free).map(({ node, image }) => `${node} ${image}`)).toEqual(granted);
});

const arbitraryContenders = fc
  .array(
    fc.array(
      fc.record({
        image: fc.constantFrom('a', 'b', 'c', 'd'),
        priority: fc.integer({ min: 0, max: 2 }),
        sinceMs: fc.nat(5),
      }),
      {
        maxLength: 4,
      },
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

test('no permit is left while somebody wants one, none is given twice, and none goes past a higher priority', () => {
  fc.assert(
    fc.property(arbitraryContenders, fc.nat(8), (contenders, free) => {
      const grants = chooseGrants(contenders, free);
      const wants = contenders.flatMap(({ node, wants }) => wants.map(want => ({ node, ...want })));
      expect(grants).toHaveLength(Math.min(free, wants.length));
      expect(new Set(grants.map(({ node, image }) => `${node} ${image}`)).size).toBe(grants.length);
      const isGranted = (want: { node: string; image: string }) =>
        grants.some(grant => grant.node === want.node && grant.image === want.image);
      const lowestGranted = Math.min(...wants.filter(isGranted).map(want => want.priority));
      const highestLeft = Math.max(...wants.filter(want => !isGranted(want)).map(want => want.priority));
      expect(highestLeft).toBeLessThanOrEqual(grants.length === 0 ? Infinity : lowestGranted);
    }),
  );
});
