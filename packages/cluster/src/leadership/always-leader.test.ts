import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Term } from '../ports/leadership.ts';
import { alwaysLeader } from './always-leader.ts';

test('there is one term, which lasts until the signal aborts and is higher than one begun earlier', async () => {
  const clock = createVirtualClock();
  const epochs: number[] = [];
  for (const _start of [1, 2]) {
    const stop = new AbortController();
    const terms: Term[] = [];
    for await (const term of alwaysLeader({ clock }).terms(stop.signal)) {
      terms.push(term);
      stopSoon(stop);
    }
    expect(terms.map(term => term.signal.aborted)).toEqual([true]);
    epochs.push(terms[0]?.epoch ?? 0);
    await clock.advance(1_000);
  }
  expect(epochs[1]).toBeGreaterThan(epochs[0] ?? Infinity);
});

test('there is no term after the end', async () => {
  const terms: Term[] = [];
  for await (const term of alwaysLeader({ clock: createVirtualClock() }).terms(AbortSignal.abort())) terms.push(term);
  expect(terms).toEqual([]);
});

/** After the loop has gone on to ask for the next term. */
function stopSoon(stop: AbortController): void {
  queueMicrotask(() => queueMicrotask(() => stop.abort()));
}
