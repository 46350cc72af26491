import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { createHappenings, type Noticed, noticeHappenings } from './happenings.ts';

const quiet: Noticed = {
  epoch: 1,
  statuses: [],
  gaps: [],
  nodes: new Set(['n1', 'n2', 'n3', 'n4', 'n5']),
  silent: new Set(),
  slowed: new Map(),
};

function aStatus(name: string, warm: 'True' | 'False' | 'Unknown', failing: readonly string[] = []) {
  const condition = (type: string, status: string) => ({ type, status, reason: 'R', message: `${type} is ${status}` });
  const status = {
    conditions: [condition('Accepted', 'True'), condition('Warm', warm)],
    warm: '4/4',
    summary: { images: 1, nodes: 4 },
    failures: failing.map(image => ({
      image,
      reason: 'NotFound',
      message: 'no such tag',
      nodes: 2,
      examples: ['n1'],
      since: '',
    })),
  };
  return { resource: { kind: 'ClusterPrefetch' as const, name }, status: status as unknown as PrefetchStatus };
}

test.each<[string, Partial<Noticed>, Partial<Noticed>, readonly string[]]>([
  ['nothing', {}, {}, []],
  ['a new term', {}, { epoch: 2 }, ['Leading: this coordinator leads now, with 5 nodes']],
  [
    'a resource that is warm',
    { statuses: [aStatus('a', 'False')] },
    { statuses: [aStatus('a', 'True')] },
    ['Warm: ClusterPrefetch a is warm, 4/4'],
  ],
  [
    'one that cools',
    { statuses: [aStatus('a', 'True')] },
    { statuses: [aStatus('a', 'False')] },
    ['Cold: ClusterPrefetch a is not warm any more: Warm is False'],
  ],
  ['one that was not warm yet', { statuses: [aStatus('a', 'Unknown')] }, { statuses: [aStatus('a', 'False')] }, []],
  ['a new one', {}, { statuses: [aStatus('a', 'True')] }, ['Changed: ClusterPrefetch a asks for 1 images on 4 nodes']],
  [
    'an image that fails, told by two',
    { statuses: [aStatus('a', 'False'), aStatus('b', 'False')] },
    { statuses: [aStatus('a', 'False', ['i:1']), aStatus('b', 'False', ['i:1'])] },
    ['Failing: i:1 fails on 2 nodes, NotFound: no such tag'],
  ],
  [
    'an image that fails no more',
    { statuses: [aStatus('a', 'False', ['i:1'])] },
    { statuses: [aStatus('a', 'False')] },
    ['Warm: i:1 does not fail any more'],
  ],
  ['silence', {}, { silent: new Set(['n2']) }, ['Silent: node n2 fell silent']],
  ['a node that left in silence', { silent: new Set(['n9']) }, {}, []],
  [
    'many nodes',
    { nodes: new Set() },
    {},
    ['Changed: 5 nodes joined, among them: node n1 joined; node n2 joined; node n3 joined'],
  ],
  [
    'a slowed registry',
    {},
    { slowed: new Map([['r.example', 2]]) },
    ['Slowed: r.example refuses or fails: at most 2 pulls from it at once'],
  ],
  ['a gap that closes', { gaps: ['nodes: no'] }, {}, ['Changed: can be read again: nodes: no']],
])('%s', (_what, before, after, told) => {
  const happened = noticeHappenings({ ...quiet, ...before }, { ...quiet, ...after });
  expect(happened.map(({ kind, text }) => `${kind}: ${text}`)).toEqual(told);
});

test('what is told is bounded in number, in length and in time', () => {
  const happenings = createHappenings();
  const long = new Set(['x'.repeat(5_000)]);
  happenings.note(quiet, 'then', 0);
  for (let n = 0; n < 600; n++) happenings.note({ ...quiet, silent: n % 2 ? long : new Set(), nodes: long }, 'then', n);
  const kept = happenings.latest(600);
  expect(kept).toHaveLength(500);
  expect(Math.max(...kept.map(({ text }) => text.length))).toBeLessThan(300);
  const later = happenings.latest(3_600_550);
  expect([later.length, later.at(-1)]).toEqual([50, kept.at(-1)]);
});
