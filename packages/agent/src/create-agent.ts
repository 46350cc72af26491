import type { Log } from '@kube-prefetch/process';
import type { AgentApi, NodeReport } from '@kube-prefetch/protocol';
import type { ImageRuntime, Space } from '@kube-prefetch/runtime';
import { type Clock, type Random, type Trigger, createTrigger } from '@kube-prefetch/time';
import { createContact } from './exchange/attempts.ts';
import { gatherTries, type NodeCredentials, type WantedTries } from './credentials/gather-tries.ts';
import { watchRefused } from './credentials/watch-refused.ts';
import { followPlan } from './exchange/follow-plan.ts';
import { pullOf } from './exchange/label-cells.ts';
import { createPermits, type NodePermits } from './exchange/permits.ts';
import { type Reports, createReports } from './exchange/reports.ts';
import { createLooks, type Looks } from './looks/answer-looks.ts';
import type { LookUpTag } from './looks/look-up-tag.ts';
import { type Choice, freeSlots } from './decide/choose-pulls.ts';
import { isPastLimit } from './decide/fit-on-disk.ts';
import type { StallLimits } from './decide/judge-stall.ts';
import { type Memory, createMemory } from './memory/memory.ts';
import { type StateFile, createStateSaver } from './memory/state-file.ts';
import type { AgentMetrics } from './metrics.ts';
import { createDiskVisibility } from './ops/disk-visibility.ts';
import { createHealth, type Health } from './ops/health.ts';
import { createByteCounts } from './pulls/byte-counts.ts';
import { notePullEnd } from './pulls/note-pull-end.ts';
import { type Pulls, createPulls } from './pulls/pulls.ts';
import { createDiskWatch } from './pulls/watch-disk.ts';
import { createRuntimeEvents } from './runtime/runtime-events.ts';

export interface AgentParts {
  readonly api: AgentApi;
  readonly runtime: ImageRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly state: StateFile;
  readonly metrics?: AgentMetrics;
  /** How reports name this process. */
  readonly identity: NodeReport['agent'];
  readonly parallelPulls: number;
  readonly slowPullBytesPerSecond: number;
  readonly disk: { readonly maxUsedPercent: number };
  readonly stall: StallLimits;
  /** Asks registries what tags stand for. */
  readonly lookUp: LookUpTag;
  /** Absent: the node has none of its own. */
  readonly nodeCredentials?: NodeCredentials | undefined;
}

/** The parts of a node's agent, wired together. Nothing runs before `runAgent`. */
export interface Agent {
  readonly parts: AgentParts;
  readonly runtime: ImageRuntime;
  readonly clock: Clock;
  /** Fired by the loops: the line looks again. */
  readonly wake: Trigger;
  readonly memory: Memory;
  readonly pulls: Pulls;
  readonly permits: NodePermits;
  readonly reports: Reports;
  readonly health: Health;
  /** What limits pulls now. */
  limits(
    space: Space | 'unknown',
    now: number,
  ): Pick<Choice, 'disk' | 'permits' | 'alone' | 'parallelPulls' | 'slowPullBytesPerSecond' | 'verifyAfterMs'>;
  /** The loops that run beside the line. Each ends when the signal aborts, or with an error that a retry cannot mend. */
  readonly loops: readonly ((signal: AbortSignal) => Promise<never>)[];
}

export function createAgent(parts: AgentParts): Agent {
  const { api, runtime, clock, random, log, metrics } = parts;
  const wake = createTrigger(clock);
  const changed = () => wake.fire();
  const contact = createContact(clock, () => metrics?.coordinatorAnswered(clock.wallMs()));
  const common = { clock, random, log, contact };

  const memory: Memory = createMemory({ random, changed: when => saver.changed(when) });
  const saver = createStateSaver({ ...common, file: parts.state, read: () => memory.save() });
  const gather = (wanted: WantedTries, signal: AbortSignal) =>
    gatherTries(wanted, { api, clock, metrics, node: parts.nodeCredentials }, signal);
  const pulls = createPulls({
    runtime,
    gather,
    gathered: changed,
    clock,
    limits: parts.stall,
    progressed: () => reports.progressed(),
    grew(image, totalBytes) {
      memory.noteSize(image, totalBytes);
      changed();
    },
    ended(pull, end) {
      notePullEnd(pull, end, { memory, byteCounts, clock, log, metrics });
      changed();
    },
  });
  const diskWatch = createDiskWatch({
    clock,
    runtime,
    pulling: () => pulls.running().size > 0,
    isOver: space => isPastLimit(space, parts.disk.maxUsedPercent),
    over: changed,
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
    failed: changed,
    newlyGranted: () => {
      // Where no slot is free, the end of a pull wakes the line.
      if (freeSlots({ ...parts, running: pulls.running() }, clock.monotonicMs()) > 0) changed();
    },
    running: () => pulls.running().keys(),
    noteSize: (image, sizeBytes) => memory.noteSize(image, sizeBytes),
  });
  const looks: Looks = createLooks({
    lookUp: parts.lookUp,
    gather,
    clock,
    random,
    plan: () => memory.plan(),
    lastCredential: image => memory.histories().get(image)?.lastCredential,
    found(result) {
      metrics?.tagLookedUp(result);
      reports.looked();
    },
  });
  const reports: Reports = createReports({
    ...common,
    api,
    agent: parts.identity,
    looks,
    pullOf: cell => pullOf(cell, memory.histories(), pulls.running(), clock.monotonicMs()),
  });
  const events = createRuntimeEvents({
    runtime,
    clock,
    random,
    log,
    changed,
    pulling: () => pulls.running().size > 0,
  });
  const refused = {
    ...common,
    api,
    plan: () => memory.plan(),
    histories: () => memory.histories(),
    changed(image: string) {
      memory.noteChange(image, clock.monotonicMs());
      changed();
    },
  };
  const tellDiskVisibility = createDiskVisibility(log, metrics);
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
    pulls: {
      ...pulls,
      start(order) {
        pulls.start(order);
        diskWatch.pullStarted();
      },
    },
    permits,
    reports: {
      ...reports,
      offer(result) {
        if (result.space !== undefined) tellDiskVisibility(result.space);
        metrics?.cellsJudged(result.cells);
        reports.offer(result);
      },
    },
    health: createHealth(clock),
    limits: (space, now) => ({
      disk: { space, ...parts.disk, sizes: memory.sizes(), settling: pulls.settling() },
      permits: permits.granted(now),
      alone: permits.alone(),
      parallelPulls: parts.parallelPulls,
      slowPullBytesPerSecond: parts.slowPullBytesPerSecond,
      verifyAfterMs: events.verifyAfterMs(),
    }),
    loops: [
      signal => followPlan({ ...common, api, adopt, reports, have: () => memory.plan()?.revision }, signal),
      signal => permits.run(signal),
      signal => reports.run(signal),
      signal => looks.run(signal),
      signal => events.run(signal),
      signal => diskWatch.run(signal),
      signal => watchRefused(refused, signal),
      signal => byteCounts.run(signal),
      signal => saver.run(signal),
    ],
  };
}
