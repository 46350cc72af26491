import type { AgentApi, CellReport, NodeReport } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import type { ImageRuntime, Space } from '@kube-prefetch/runtime';
import { type Clock, createTrigger, type Random, type Trigger } from '@kube-prefetch/time';
import { createByteCounts } from './pulls/byte-counts.ts';
import { createContact } from './coordinator/contact.ts';
import { createPermits, type Permits } from './coordinator/permits.ts';
import { followPlan } from './coordinator/follow-plan.ts';
import { createReports, type Reports } from './coordinator/reports.ts';
import { createRuntimeEvents } from './runtime/runtime-events.ts';
import { createStateSaver } from './memory/save-state.ts';
import type { Cell } from './decide/cell.ts';
import type { Choice } from './decide/choose-pulls.ts';
import { createMemory, type Memory } from './memory/memory.ts';
import type { AgentMetrics } from './metrics.ts';
import { notePullEnd } from './pulls/note-pull-end.ts';
import { createPulls, type Pulls } from './pulls/pulls.ts';
import { createPulse, type Pulse } from './ops/health.ts';
import type { StallLimits } from './pulls/stall.ts';
import type { StateFile } from './memory/state-file.ts';

export interface AgentParts {
  readonly api: AgentApi;
  readonly runtime: ImageRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly state: StateFile;
  readonly metrics?: AgentMetrics;
  /** Who this process is in its reports. */
  readonly identity: NodeReport['agent'];
  readonly parallelPulls: number;
  readonly disk: { readonly maxUsedPercent: number };
  readonly stall: StallLimits;
}

/** The parts of one node's agent, wired together and at rest: `runAgent` starts them. */
export interface Agent {
  readonly parts: AgentParts;
  readonly runtime: ImageRuntime;
  readonly clock: Clock;
  /** Everything that happens beside the line only fires this. */
  readonly wake: Trigger;
  readonly memory: Memory;
  readonly pulls: Pulls;
  readonly permits: Permits;
  readonly reports: Reports;
  readonly pulse: Pulse;
  /** What bounds pulls now. */
  limits(
    space: Space | 'unknown',
    now: number,
  ): Pick<Choice, 'disk' | 'permits' | 'alone' | 'parallelPulls' | 'verifyAfterMs'>;
  /** What runs beside the line; each ends only with the signal, or with an error that no retry helps against. */
  readonly beside: readonly ((signal: AbortSignal) => Promise<never>)[];
}

export function createAgent(parts: AgentParts): Agent {
  const { api, runtime, clock, random, log, metrics } = parts;
  const wake = createTrigger(clock);
  const changed = () => wake.fire();
  const contact = createContact(clock, () => metrics?.coordinatorAnswered(clock.wallMs()));
  const common = { clock, random, log, contact };

  const memory: Memory = createMemory({ random, changed: when => saver.changed(when) });
  const saver = createStateSaver({ ...common, file: parts.state, read: () => memory.save() });
  const pulls = createPulls({
    runtime,
    clock,
    limits: parts.stall,
    progressed: () => reports.progressed(),
    ended(pull, end) {
      notePullEnd(pull, end, { memory, byteCounts, clock, log, metrics });
      changed();
    },
  });
  const byteCounts = createByteCounts({
    clock,
    pulling: () => pulls.running().size > 0,
    counted(image, pull, bytes) {
      memory.notePulledBytes(image, pull, bytes);
      metrics?.bytesPulled(bytes);
      reports.progressed();
    },
  });
  const permits = createPermits({
    ...common,
    api,
    changed,
    granted: () => {
      if (pulls.running().size < parts.parallelPulls) changed(); // otherwise the pull whose end frees the slot will
    },
    running: () => pulls.running().keys(),
    noteSize: (image, sizeBytes) => memory.noteSize(image, sizeBytes),
  });
  const reports: Reports = createReports({
    ...common,
    api,
    agent: parts.identity,
    pullOf: cell => pullOf(cell, memory, pulls, clock),
  });
  const events = createRuntimeEvents({
    runtime,
    clock,
    random,
    log,
    changed,
    pulling: () => pulls.running().size > 0,
  });
  const adopt: Memory['adopt'] = plan => {
    memory.adopt(plan);
    changed();
  };

  return {
    parts,
    runtime,
    clock,
    wake,
    memory,
    pulls,
    permits,
    reports: {
      ...reports,
      offer(finding) {
        metrics?.cellsJudged(finding.cells.map(cell => cell.state));
        reports.offer(finding);
      },
    },
    pulse: createPulse(clock),
    limits: (space, now) => ({
      disk: { space, maxUsedPercent: parts.disk.maxUsedPercent, sizes: memory.sizes() },
      permits: permits.held(now),
      alone: permits.alone(),
      parallelPulls: parts.parallelPulls,
      verifyAfterMs: events.verifyAfterMs(),
    }),
    beside: [
      signal => followPlan({ ...common, api, adopt, have: () => memory.plan()?.revision }, signal),
      signal => permits.run(signal),
      signal => reports.run(signal),
      signal => events.run(signal),
      signal => byteCounts.run(signal),
      signal => saver.run(signal),
    ],
  };
}

/** Of a Pulling cell the pull as it stands, of a Present one the pull that made it so. */
function pullOf({ image, state }: Cell, memory: Memory, pulls: Pulls, clock: Clock): CellReport['pull'] {
  if (state === 'Present') return memory.histories().get(image)?.pull;
  if (state !== 'Pulling') return undefined;
  const pull = pulls.running().get(image);
  if (pull === undefined) return undefined;
  const { doneBytes, totalBytes } = pull.progress ?? {};
  return { elapsedMs: clock.monotonicMs() - pull.startedAtMs, doneBytes, totalBytes };
}
