import { ApiError, type ResourcesView } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Context } from '../connect/context.ts';
import { waitFor } from './wait.ts';

type State = 'away' | 'absent' | 'pulling' | 'warm';

/** A wait for `web` while the coordinator says what the test wants; resolves with the exit code. */
function start() {
  const clock = createVirtualClock();
  let state: State = 'absent';
  let err = '';
  let closed = false;
  const entry = () => ({
    resource: { kind: 'Prefetch', namespace: 'shop', name: 'web' },
    status: {
      observedGeneration: 1,
      conditions: [{ type: 'Warm', status: state === 'warm' ? 'True' : 'False', reason: state, message: state }],
      summary: { cells: 2, present: state === 'warm' ? 2 : 0 },
      failures: [],
    },
  });
  const look = async () => {
    if (state === 'away') throw new ApiError('Unreachable', 'the coordinator does not answer');
    return { resources: state === 'absent' ? [] : [entry()] } as unknown as ResourcesView;
  };
  const context = {
    terminal: { out: () => {}, err: (text: string) => (err += text), errLive: false },
    clock,
    signal: new AbortController().signal,
    namespace: () => 'shop',
    kube: () => undefined,
    views: { follow: () => ({ look, close: () => (closed = true) }) },
  } as unknown as Context;
  const ended = waitFor(context, ['web'], { for: 'warm', timeout: 300_000 }).then(
    () => 0,
    (error: { exitCode?: number }) => error.exitCode,
  );
  const steps = async (...all: readonly (readonly [State, number])[]) => {
    for (const [next, ms] of all) {
      state = next;
      await clock.advance(ms);
    }
  };
  return { ended, steps, err: () => err, closed: () => closed };
}

test('a resource that appears within ten seconds is waited for; one that does not is not known', async () => {
  const { ended, steps, closed } = start();
  await steps(['absent', 9_000], ['pulling', 1_000], ['warm', 1_000]);
  expect([await ended, closed()]).toEqual([0, true]);
  const other = start();
  await other.steps(['absent', 11_000]);
  expect(await other.ended).toBe(1);
});

test('a leader that is away, and a next one that has not read the resource yet, end nothing', async () => {
  const { ended, steps, err } = start();
  await steps(['pulling', 20_000], ['away', 30_000], ['absent', 5_000], ['pulling', 20_000], ['warm', 1_000]);
  expect(await ended).toBe(0);
  expect([...new Set(err().trimEnd().split('\n'))].sort()).toEqual([
    'prefetch/web pulling',
    'the coordinator does not answer',
    'the coordinator has not read web yet',
  ]);
});
