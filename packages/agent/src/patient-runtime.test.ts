import { createMemoryRuntime, type ImageRuntime, RuntimeUnavailable } from '@kube-prefetch/runtime';
import { createVirtualClock } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import { createPatientRuntime } from './patient-runtime.ts';

const { signal } = new AbortController();
const ANSWER_WITHIN_MS = 30_000;

/** A runtime that takes questions and answers none until it is told to stop. */
function start() {
  const clock = createVirtualClock();
  const never = (until: AbortSignal) => clock.sleep(Number.POSITIVE_INFINITY, until) as Promise<never>;
  const silent: ImageRuntime = {
    ...createMemoryRuntime({ clock }),
    version: never,
    look: (_images, until) => never(until),
    space: never,
    pull: (_image, _auth, _progress, until) => never(until),
  };
  return { clock, runtime: createPatientRuntime(silent, clock) };
}

test.each<[string, (runtime: ImageRuntime) => Promise<unknown>]>([
  ['version', runtime => runtime.version(signal)],
  ['look', runtime => runtime.look(['a'], signal)],
  ['space', runtime => runtime.space(signal)],
])('a runtime that never answers to %s is one that does not answer', async (what, ask) => {
  const { clock, runtime } = start();
  let outcome: unknown;
  void ask(runtime).catch((error: unknown) => (outcome = error));
  await clock.advance(ANSWER_WITHIN_MS - 1);
  expect(outcome).toBeUndefined();
  await clock.advance(1);
  expect(outcome).toBeInstanceOf(RuntimeUnavailable);
  expect((outcome as Error).message).toBe(`the runtime's answer to ${what} took longer than ${ANSWER_WITHIN_MS} ms`);
});

test('a pull has no deadline', async () => {
  const { clock, runtime } = start();
  let ended = false;
  const note = () => void (ended = true);
  void runtime.pull('a', undefined, () => {}, signal).then(note, note);
  await clock.advance(1_000 * ANSWER_WITHIN_MS);
  expect(ended).toBe(false);
});
