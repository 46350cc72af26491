import { errorText, MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import { backoffMs } from '@kube-prefetch/time';
import type { Agent } from './agent.ts';
import { RuntimeMismatch } from './runtime/check-runtime.ts';
import { cycle } from './cycle.ts';
import { unknownCells } from './decide/judge-cells.ts';

/** A runtime that is back is noticed within `capMs`. Each try costs one failed connect on this machine. */
const BLIND_BACKOFF = { baseMs: 250, capMs: 2_000 };
const LEAST_PAUSE_MS = 100;

/** Runs until the signal aborts, and leaves no pull and no timer behind. Throws an error that no retry helps against. */
export async function runAgent(agent: Agent, signal: AbortSignal): Promise<void> {
  await open(agent);
  const failed = new AbortController();
  const life = AbortSignal.any([signal, failed.signal]);
  const loops = [...agent.loops, (s: AbortSignal) => runLine(agent, s)];
  const ends = loops.map(async loop => {
    try {
      await loop(life);
    } catch (error) {
      if (!life.aborted) failed.abort(error);
    }
  });
  await Promise.all(ends);
  await agent.pulls.stop();
  await agent.parts.state.save(agent.memory.save());
  if (failed.signal.aborted) throw failed.signal.reason;
}

async function open({ parts, memory, clock }: Agent): Promise<void> {
  const { saved, problem } = await parts.state.load();
  if (problem !== undefined) parts.log.warn({ problem }, 'the state file cannot be used');
  if (saved !== undefined) memory.restore(saved, clock.monotonicMs());
}

/** Cycle after cycle. Events, times and failures only decide when the next one is. */
async function runLine(agent: Agent, signal: AbortSignal): Promise<never> {
  const { clock, parts, wake } = agent;
  for (let failures = 0; ; ) {
    const startedMs = clock.monotonicMs();
    let dueMs: number;
    try {
      dueMs = await cycle(agent, signal);
      if (failures > 0) parts.log.info({}, 'the runtime answers again');
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      if (failures === 1) parts.log.warn({ err: error }, 'no look at the runtime');
      dueMs = goBlind(agent, error, failures);
    }
    agent.health.looked(failures === 0);
    parts.metrics?.runtimeAnswered(failures === 0);
    parts.metrics?.cycleEnded(clock.monotonicMs() - startedMs);
    await wake.next(dueMs, signal);
  }
}

/** Reports that nothing is known, and gives permits back for other nodes. Returns when to look again. */
function goBlind({ memory, permits, reports, clock, parts }: Agent, error: unknown, failures: number): number {
  const plan = memory.plan();
  const [kind, runtime] =
    error instanceof RuntimeMismatch
      ? (['RuntimeMismatch', error.runtime] as const)
      : (['RuntimeUnavailable'] as const);
  const message = errorText(error).slice(0, MAX_MESSAGE_LENGTH);
  permits.want([]);
  reports.offer({ plan, runtime, failure: { kind, message }, cells: unknownCells(plan) });
  return clock.monotonicMs() + LEAST_PAUSE_MS + backoffMs(failures, parts.random(), BLIND_BACKOFF);
}
