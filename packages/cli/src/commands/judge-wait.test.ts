import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { judgeWait, type WaitGoal, type WaitVerdict } from './judge-wait.ts';

type Holds = 'True' | 'False' | 'Unknown';

function statusOf(present: number, warm: Holds, more: Partial<PrefetchStatus> = {}, accepted: Holds = 'True') {
  const condition = (type: string, status: Holds) => ({ type, status, reason: 'R', message: `${type} ${status}` });
  return {
    observedGeneration: 2,
    conditions: [condition('Accepted', accepted), condition('Ready', 'True'), condition('Warm', warm)],
    warm: '',
    summary: { cells: 10, present },
    failures: [],
    skew: [],
    ...more,
  } as unknown as PrefetchStatus;
}

const failed = (reason: string, nodes: number) =>
  ({ failures: [{ image: 'a:1', reason, message: 'm', nodes, examples: ['n1'], since: '' }] }) as never;

test.each<[string, PrefetchStatus, WaitGoal, number | undefined, WaitVerdict['is']]>([
  ['warm', statusOf(10, 'True'), 'warm', 2, 'reached'],
  ['warm, but of an older spec', statusOf(10, 'True'), 'warm', 3, 'waiting'],
  ['not accepted', statusOf(0, 'False', {}, 'False'), 'warm', 2, 'never'],
  ['nine of ten for 90%', statusOf(9, 'False'), 90, undefined, 'reached'],
  ['eight of ten for 90%', statusOf(8, 'False'), 90, undefined, 'waiting'],
  ['eight of ten for 85%, which is nine', statusOf(8, 'False'), 85, undefined, 'waiting'],
  ['no cells for 90%', statusOf(0, 'False', { summary: { cells: 0, present: 0 } as never }), 90, undefined, 'waiting'],
  ['one missing for good, for warm', statusOf(8, 'False', failed('NotFound', 1)), 'warm', undefined, 'never'],
  ['one missing for good, for 90%', statusOf(8, 'False', failed('NotFound', 1)), 90, undefined, 'waiting'],
  ['two missing for good, for 90%', statusOf(8, 'False', failed('NoPlatform', 2)), 90, undefined, 'never'],
  ['one that fails for now', statusOf(8, 'False', failed('RegistryUnavailable', 2)), 'warm', undefined, 'waiting'],
])('%s', (_case, status, goal, generation, verdict) => {
  expect(judgeWait(status, goal, generation).is).toBe(verdict);
});

test('an image that can never become warm is named, with where and why', () => {
  expect(judgeWait(statusOf(9, 'False', failed('NotFound', 1)), 'warm', undefined)).toEqual({
    is: 'never',
    because: ['a:1 cannot become warm on n1: NotFound: m'],
  });
});
