import type { Log } from '@kube-prefetch/process';
import { ApiError, type ErrorCode } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createAttempts, createContact } from './attempts.ts';

const never = new AbortController().signal;

/** Two kinds of request on one clock, with the longest pauses that the jitter allows. */
function start() {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const note = (fields: object, message: string) => {
    const { err, advice } = fields as { err?: ApiError; advice?: string };
    lines.push([message, err?.code, advice && 'with advice'].filter(Boolean).join(', '));
  };
  const log = { debug: note, info: note, warn: note, error: note } as unknown as Log;
  const contact = createContact(clock, () => {});
  const parts = { clock, random: () => 0.999_999, log, contact };
  const failing = (attempts: ReturnType<typeof createAttempts>, code: ErrorCode) => {
    const startedMs = clock.monotonicMs();
    return attempts
      .failed(new ApiError(code, 'as the test wants it'), never)
      .then(() => clock.monotonicMs() - startedMs);
  };
  return { clock, lines, failing, plan: createAttempts(parts, 'no plan'), report: createAttempts(parts, 'no report') };
}

async function pauses(code: ErrorCode, times: number): Promise<readonly number[]> {
  const { clock, plan, failing } = start();
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const pause = failing(plan, code);
    await clock.advance(120_000);
    found.push(await pause);
  }
  return found;
}

test('pauses grow to eight seconds, so that a new leader is followed soon', async () => {
  expect(await pauses('Unreachable', 5)).toEqual([1_050, 2_050, 4_050, 8_050, 8_050]);
});

test('pauses after a refused token grow to a minute: each one costs the API server a review', async () => {
  expect((await pauses('Unauthenticated', 8)).at(-1)).toBe(60_050);
});

test('a reason is told once, with what to do about it, and told again when it changes and when it is over', async () => {
  const { clock, lines, failing, plan } = start();
  for (const code of ['Unreachable', 'NotLeader', 'Unreachable', 'Unauthenticated', 'Unauthenticated'] as const) {
    const pause = failing(plan, code);
    await clock.advance(60_000);
    await pause;
  }
  plan.answered();
  plan.answered();
  expect(lines).toEqual([
    'no plan, Unreachable',
    'no plan, Unauthenticated, with advice',
    'the coordinator answers again',
  ]);
});

test.each([
  ['Unreachable', 0],
  ['NotLeader', 0],
  ['InvalidRequest', 1_050],
] as const)('after %s an answer to another request ends the pause after %i ms', async (code, expected) => {
  const { clock, failing, plan, report } = start();
  const pause = failing(report, code);
  plan.answered();
  await clock.advance(5_000);
  expect(await pause).toBe(expected);
});

test('an agent that was replaced ends', async () => {
  await expect(start().failing(start().plan, 'OlderAgent')).rejects.toThrow('a newer agent reports for this node');
});

test('an aborted pause ends with the reason', async () => {
  const { plan } = start();
  const stop = new AbortController();
  const pause = plan.failed(new ApiError('Unreachable', 'x'), stop.signal);
  stop.abort(new Error('stopped'));
  await expect(pause).rejects.toThrow('stopped');
});
