import { systemClock } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import { callRuntime } from './call-runtime.ts';
import { RuntimeUnavailable } from './image-runtime.ts';

test('neither the message of a failed question nor a cause, which the log would print, holds what was not scrubbed', async () => {
  const failing = () => Promise.reject(new Error('Authorization: Basic dTpw'));
  const failure = await callRuntime(
    { socket: '/run/c.sock', clock: systemClock },
    'Version',
    new AbortController().signal,
    failing,
  ).catch((error: unknown) => error);
  expect(failure).toEqual(new RuntimeUnavailable('/run/c.sock: Version: Authorization: ***'));
  expect(failure).not.toHaveProperty('cause');
});
