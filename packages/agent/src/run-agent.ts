import { errorText, MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import { createRetry, runTogether } from '@kube-prefetch/time';
import type { Agent } from './create-agent.ts';
import { RuntimeMismatch } from './runtime/check-runtime.ts';
import { cycle } from './cycle.ts';
import { unknownCells } from './decide/judge-cells.ts';

/** A runtime that is back is noticed within `capMs`. Each try costs one failed connect on this machine. */
const BLIND_BACKOFF = { baseMs: 250, capMs: 2_000, floorMs: 100 };

/** Runs until the signal aborts, and leaves no pull and no timer behind. Throws an error that no retry helps against. */
export async function runAgent(agent: Agent, signal: AbortSignal): Promise<void> {
  await open(agent);
  try {
    await runTogether([...agent.loops, line => runLine(agent, line)], signal);
  } finally {
    await agent.pulls.stop();
    await saveState(agent);
  }
}

/** A lost state costs the next agent its memory; the process need not end with an error for that. */
async function saveState({ parts, memory }: Agent): Promise<void> {
  try {
    await parts.state.save(memory.save());
  } catch (error) {
    parts.log.warn({ err: error }, 'the state file could not be written');
  }
}

async function open({ parts, memory, clock }: Agent): Promise<void> {
  const { saved, problem } = await parts.state.load();
  if (problem !== undefined) parts.log.warn({ problem }, 'the state file cannot be used');
  if (saved !== undefined) memory.restore(saved, clock.monotonicMs());
}

/** Cycle after cycle. Events, times and failures only decide when the next one is. */
async function runLine(agent: Agent, signal: AbortSignal): Promise<never> {
  const { clock, parts, wake } = agent;
  const retry = createRetry(parts.random);
  for (;;) {
    const startedMs = clock.monotonicMs();
    let dueMs: number;
    try {
      dueMs = await cycle(agent, signal);
      if (retry.succeeded()) parts.log.info({}, 'the runtime answers again');
    } catch (error) {
      signal.throwIfAborted();
      if (retry.failed()) parts.log.warn({ err: error }, 'the runtime cannot be looked at');
      goBlind(agent, error);
      dueMs = clock.monotonicMs() + retry.pauseMs(BLIND_BACKOFF);
    }
    agent.health.looked(retry.failures === 0);
    parts.metrics?.runtimeAnswered(retry.failures === 0);
    parts.metrics?.cycleEnded(clock.monotonicMs() - startedMs);
    await wake.next(dueMs, signal);
  }
}

/** Reports that nothing is known, and gives permits back for other nodes. */
function goBlind({ memory, permits, reports }: Agent, error: unknown): void {
  const plan = memory.plan();
  const [kind, runtime] =
    error instanceof RuntimeMismatch
      ? (['RuntimeMismatch', error.runtime] as const)
      : (['RuntimeUnavailable'] as const);
  const message = errorText(error).slice(0, MAX_MESSAGE_LENGTH);
  permits.want([]);
  reports.offer({ plan, runtime, failure: { kind, message }, cells: unknownCells(plan) });
}
