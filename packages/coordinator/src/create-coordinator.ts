import { randomUUID } from 'node:crypto';
import type { AgentPods, ClusterSource, NodeTaints, SecretReader, StatusSink } from '@kube-prefetch/cluster';
import type { PaceSettings, Placement, RefreshSettings, TenantLimits } from '@kube-prefetch/core';
import type { RewriteRule } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import type { Clock, Trigger } from '@kube-prefetch/time';
import { answerAgent } from './answer-agent.ts';
import { createBoard } from './board/board.ts';
import type { Line } from './coordinator.ts';
import { createCredentials } from './credentials/credentials.ts';
import { createExpectedNodes } from './fleet/expected-nodes.ts';
import { createRecentPods } from './fleet/recent-pods.ts';
import { createPodClaims } from './fleet/newer-pod.ts';
import { createFleet } from './fleet/index.ts';
import { createGate, type GateSettings } from './gate/gate.ts';
import type { ReadSide } from './http/admin.ts';
import type { AgentsSide } from './http/agents.ts';
import type { OpsSide } from './http/ops.ts';
import { createPermits, createSlowRegistries, createWaves, type WaveSettings } from './permits/index.ts';
import { createTags } from './refresh/tags.ts';
import { type CoordinatorMetrics, createMetrics } from './metrics.ts';
import { createPacedTrigger } from './paced-trigger.ts';
import { readCluster } from './read-cluster.ts';
import { createStatusWriter } from './status/index.ts';
import { createCurrentTerm, taintsWhileLeading, whileLeading } from './current-term.ts';
import { createViews } from './admin-views.ts';

const SILENT_AFTER_MS = 60_000;
const PERMIT_TTL_MS = 30_000;
/** Spegel announces what its node holds within 3 s. */
const WAVES: WaveSettings = { settleMs: 3_000, patienceMs: 60_000 };
const REFRESH: RefreshSettings = { intervalMs: 3_600_000, minIntervalMs: 60_000 };
const RESOURCE_GRACE_MS = 30 * 60_000;
const SECRET_REFRESH_MS = 5 * 60_000;
/** Where the state of the cluster names no Secret, none is read. */
const NO_SECRETS: SecretReader = { read: async () => 'forbidden' };

export interface CoordinatorParts {
  readonly source: ClusterSource;
  readonly statuses: StatusSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PaceSettings;
  /** None if absent. */
  readonly tenants?: TenantLimits;
  /** What the cluster makes of references, after the rules of each resource; nothing if absent. */
  readonly rewrite?: readonly RewriteRule[];
  readonly wake?: Trigger;
  readonly metrics?: CoordinatorMetrics;
  readonly waves?: WaveSettings;
  readonly refresh?: RefreshSettings;
  readonly permitTtlMs?: number;
  /** How long a node may stay without report or poll before its cells are Unknown. */
  readonly silentAfterMs?: number;
  /** How long a node counts as having what it had of an extended resource. */
  readonly resourceGraceMs?: number;
  readonly secrets?: SecretReader | undefined;
  /** How long a Secret that was read counts. */
  readonly secretRefreshMs?: number;
  readonly startupTaints?: readonly string[];
  /** Where agents' pods are looked up; absent: agents are believed when they started. */
  readonly pods?: AgentPods | undefined;
  /** Absent: no taint is taken off any node. */
  readonly gate?: (GateSettings & { readonly taints: NodeTaints }) | undefined;
  /** Where agents run; everywhere if undefined. */
  readonly agents?: Placement | undefined;
  /** The address of the replica that leads, if this one knows it. */
  readonly leader?: () => string | undefined;
  /** Its pod, `NAMESPACE/NAME`. */
  readonly leaderPod?: (() => string | undefined) | undefined;
}

/** The parts of the coordinator, put together: what its line works with, and what each of its listeners answers from. */
export interface Coordinator extends AgentsSide, ReadSide, OpsSide {
  /** For `lead`. */
  readonly line: Line;
  readonly metrics: CoordinatorMetrics;
  /** Reads the cluster until the signal aborts: for the life of the process, so that a term begins with what is known. */
  read(signal: AbortSignal): Promise<void>;
  leading(): boolean;
}

export function createCoordinator(parts: CoordinatorParts): Coordinator {
  const { clock, log, source, limits, tenants = {}, rewrite = [] } = parts;
  // The taint of the gate keeps pods away, but no images.
  const startupTaints = [...(parts.startupTaints ?? []), ...(parts.gate === undefined ? [] : [parts.gate.taint])];
  const { permitTtlMs = PERMIT_TTL_MS, silentAfterMs = SILENT_AFTER_MS, resourceGraceMs = RESOURCE_GRACE_MS } = parts;
  const wake = parts.wake ?? createPacedTrigger(clock, () => fleet.settling(clock.monotonicMs()));
  const metrics = parts.metrics ?? createMetrics();
  const changed = () => wake.fire();
  const term = createCurrentTerm(parts);
  const permits = createPermits({ clock, ttlMs: permitTtlMs, dueEarlier: changed });
  const registries = createSlowRegistries({ clock, running: permits.countFrom });
  const fleet = createFleet({
    clock,
    log,
    silentAfterMs,
    changed,
    pullEnded(node, image, end) {
      registries.ended(node, image, end);
      if (end === 'Outdated') tags.outdated(image);
      metrics.pullEnded(image, end);
    },
    becameWarm: metrics.becameWarm,
  });
  const waves = createWaves(fleet.nodes, parts.waves ?? WAVES);
  const tags = createTags({
    clock,
    settings: parts.refresh ?? REFRESH,
    node: fleet.node,
    nodes: fleet.nodes,
    callFor: fleet.callFor,
    changed,
    ended: result => metrics.tagLookedUp(result),
  });
  const claims = parts.pods && createPodClaims({ pods: parts.pods, clock });
  const expectedNodes = createExpectedNodes({ graceMs: resourceGraceMs, isPulling: fleet.isPulling });
  const recentPods = createRecentPods(clock);
  const { secrets: reader = NO_SECRETS, secretRefreshMs: refreshMs = SECRET_REFRESH_MS } = parts;
  const credentials = createCredentials({ reader, clock, refreshMs, changed });
  const statuses = createStatusWriter({
    sink: whileLeading(parts.statuses, term),
    clock,
    log,
    wrote: outcome => metrics.statusWrite(outcome),
  });
  const board = createBoard({
    fleet,
    state: () => source.read(),
    permits,
    registries,
    tags,
    statuses,
    clock,
    instance: randomUUID(),
  });
  const gate =
    parts.gate &&
    createGate({
      ...parts.gate,
      taints: taintsWhileLeading(parts.gate.taints, term),
      clock,
      log,
      opened: reason => metrics.nodeOpened(reason),
    });
  const ready = () => source.read() !== undefined && (!term.leading() || fleet.assigned());

  const line: Line = {
    source,
    clock,
    wake,
    limits,
    tenants,
    rewrite,
    startupTaints,
    agents: parts.agents,
    expectedNodes,
    recentPods,
    fleet,
    permits,
    registries,
    waves,
    tags,
    credentials,
    statuses,
    board,
    gate,
    leading: () => term.leading(),
    open(next) {
      const { epoch } = next;
      const signal = term.begin(next, () => {
        fleet.close();
        permits.close();
        registries.clear();
        waves.clear();
        credentials.close();
        board.close();
        log.info({ epoch }, 'no longer leading');
      });
      fleet.open();
      tags.open();
      recentPods.open();
      permits.open(clock.monotonicMs());
      credentials.open(signal);
      board.open(epoch);
      failUnlessOver(statuses.run(signal), signal);
      failUnlessOver(board.run(signal), signal);
      if (gate !== undefined) failUnlessOver(gate.run(signal), signal);
      log.info({ epoch }, 'leading');
      return signal;
    },
    passed(startedMs) {
      term.passed();
      metrics.planned(clock.monotonicMs() - startedMs);
    },
  };
  return {
    line,
    metrics,
    read: signal => readCluster({ source, changed, clock, log }, signal),
    ...createViews({
      term,
      source,
      expectedNodes,
      recentPods,
      fleet,
      permits,
      registries,
      tags,
      parallelPulls: limits.parallelPulls,
      statuses,
      clock,
      tenants,
      rewrite,
      startupTaints,
      agents: parts.agents,
      ready,
    }),
    board,
    epoch: term.epoch,
    leading: term.leading,
    mustLead: term.mustLead,
    alive: term.alive,
    admit: (node, bytes) => fleet.admit(node, bytes),
    forNode: (node, pod) => answerAgent({ term, fleet, claims, permits, tags, credentials, metrics }, node, pod),
    ready,
    exposeMetrics: () => metrics.expose({ term, source, fleet, permits, registries, tags, credentials, gate }),
  };
}

/** Any failure but the end of the term is a bug: it goes unhandled, which ends the process. */
function failUnlessOver(running: Promise<void>, signal: AbortSignal): void {
  running.catch(error => {
    if (!signal.aborted) throw error;
  });
}
