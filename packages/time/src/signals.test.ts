import { expect, test } from 'vitest';
import { withDeadline } from './deadline.ts';
import { linkSignals } from './signals.ts';
import { createTrigger } from './trigger.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';

test('a linked signal aborts with the first of the others, for its reason', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const { signal } = linkSignals(one.signal, other.signal);
  other.abort('other');
  one.abort('one');
  expect(signal.reason).toBe('other');
});

test('one of a signal that has aborted already has aborted', () => {
  expect(linkSignals(new AbortController().signal, AbortSignal.abort('over')).signal.reason).toBe('over');
});

test('one that is unlinked follows nobody', () => {
  const one = new AbortController();
  const { signal, unlink } = linkSignals(one.signal);
  unlink();
  one.abort();
  expect(signal.aborted).toBe(false);
});

test('waits of all kinds leave nothing behind on a signal that lives long', async () => {
  const clock = createVirtualClock();
  const life = new AbortController().signal;
  const trigger = createTrigger(clock);
  for (let i = 0; i < 100; i++) {
    await withDeadline(clock, 10, life, 'a look', async () => 'seen');
    const waiting = trigger.next(Infinity, life);
    trigger.fire();
    await waiting;
  }
  expect(tracesOn(life)).toBe(0);
});

/** What AbortSignal.any leaves on the signals that it follows; Node shows it nowhere else. */
function tracesOn(signal: AbortSignal): number {
  const key = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
  return key === undefined ? 0 : ((signal as unknown as Record<symbol, Set<unknown> | undefined>)[key]?.size ?? 0);
}
