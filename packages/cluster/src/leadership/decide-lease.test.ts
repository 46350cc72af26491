import { expect, test } from 'vitest';
import { decideLease, type LeaseStep, type LeaseView } from './decide-lease.ts';
import type { Lease } from './lease-object.ts';

const lease = (holder: string | undefined, transitions = 4, durationMs = 15_000, free = false): Lease => ({
  holder,
  free,
  transitions,
  durationMs,
  address: undefined,
  stamp: '',
});
const view = (more: Partial<LeaseView>): LeaseView => ({
  identity: 'me',
  lease: lease('me'),
  sinceMs: 1_000,
  highestEpoch: 4,
  term: undefined,
  ...more,
});
const term = { epoch: 4, renewedMs: 1_000 };

test.each<[string, Partial<LeaseView>, number, LeaseStep['do'], number?]>([
  ['its holder let go of it', { lease: lease(undefined, 4, 1_000, true) }, 1_000, 'acquire'],
  [
    'it was made anew, and a holder may still lead',
    { lease: lease(undefined, 0, 15_000, true) },
    15_999,
    'wait',
    16_000,
  ],
  ['somebody emptied it, whose holder may still lead', { lease: lease(undefined) }, 15_999, 'wait', 16_000],
  ['somebody emptied it long ago', { lease: lease(undefined, 0) }, 16_000, 'acquire'],
  ['it names us, who know of no term', {}, 1_000, 'acquire'],
  ['another has just renewed it', { lease: lease('other') }, 1_000, 'wait', 16_000],
  ['another is about to lose it', { lease: lease('other') }, 15_999, 'wait', 16_000],
  ['another has not renewed it for its whole length', { lease: lease('other') }, 16_000, 'acquire'],
  ['another holds it for longer than we would', { lease: lease('other', 4, 60_000) }, 16_000, 'wait', 61_000],
  ['we have just renewed it', { term }, 1_000, 'wait', 6_000],
  ['a renewal is due', { term }, 6_000, 'renew'],
  ['a renewal is overdue, but in time', { term }, 10_999, 'renew'],
  ['the last renewal was too long ago', { term }, 11_000, 'end'],
  ['another took it from our term', { term, lease: lease('other', 5) }, 1_000, 'end'],
  ['somebody emptied it in our term', { term, lease: lease(undefined, 0) }, 1_000, 'end'],
  ['another process of our name has begun a term', { term, lease: lease('me', 5) }, 1_000, 'end'],
])('%s', (_name, more, now, step, untilMs) => {
  const decided = decideLease(view(more), now);
  expect([decided.do, decided.do === 'wait' ? decided.untilMs : undefined]).toEqual([step, untilMs]);
});
