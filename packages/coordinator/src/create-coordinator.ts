import type { ClusterSource, StatusSink, Term } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import type { AgentApi, ImageRef, ImageView, NodeView, Overview } from '@kube-prefetch/protocol';
import type { Clock, Trigger } from '@kube-prefetch/time';
import { answerAgent } from './answer-agent.ts';
import { createFleet, type Fleet } from './fleet/index.ts';
import { readCluster } from './read-cluster.ts';
import { createPermits, type PermitLimits, type Permits } from './permits/index.ts';
import { type CoordinatorMetrics, createMetrics } from './metrics.ts';
import { createPacedTrigger } from './paced-trigger.ts';
import { createStatusWriter, type StatusWriter } from './status/index.ts';
import { apiErrors } from './requests/api-errors.ts';
import { imageView, nodeView, overview } from './views.ts';

const SILENT_AFTER_MS = 60_000;
const PERMIT_TTL_MS = 30_000;
/** The line looks every 30 s even when nothing wakes it; one that rests longer than this is stuck. */
const STUCK_AFTER_MS = 120_000;

export interface CoordinatorParts {
  readonly source: ClusterSource;
  readonly statuses: StatusSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PermitLimits;
  readonly wake?: Trigger;
  readonly metrics?: CoordinatorMetrics;
  readonly permitTtlMs?: number;
  /** How long a node may stay without report or poll before its cells are Unknown. */
  readonly silentAfterMs?: number;
  readonly startupTaints?: readonly string[];
  /** Where another process of ours leads, as far as this one knows. */
  readonly leader?: () => string | undefined;
}

export interface Coordinator {
  readonly source: ClusterSource;
  readonly clock: Clock;
  readonly wake: Trigger;
  readonly limits: PermitLimits;
  readonly startupTaints: readonly string[] | undefined;
  readonly fleet: Fleet;
  readonly permits: Permits;
  readonly statuses: StatusWriter;
  readonly metrics: CoordinatorMetrics;

  /** Reads the cluster until the signal aborts: for the life of the process, so that a term begins with what is known. */
  read(signal: AbortSignal): Promise<void>;
  /** Begins a term: agents are served from an empty fleet, and what runs beside the line runs until the term ends. */
  open(term: Term): Promise<void>;
  /** Notes that a pass which began at `startedMs` is done. */
  passed(startedMs: number): void;
  /** Of the running or the last term. */
  epoch(): number;
  leading(): boolean;
  /** Throws ApiError outside terms, with the leader's address where it is known. */
  mustLead(): void;

  /** The coordinator as this node's agent sees it, in memory. */
  forNode(node: string): AgentApi;
  overview(): Overview;
  /** Throws ApiError UnknownNode. */
  node(name: string): NodeView;
  /** Throws ApiError UnknownImage. */
  image(image: ImageRef): ImageView;
  /** The first full read is done and, in a term, plans are assigned. */
  ready(): boolean;
  /** False where the line of a running term has not passed for too long. */
  alive(): boolean;
}

export function createCoordinator(parts: CoordinatorParts): Coordinator {
  const { clock, log, source, permitTtlMs = PERMIT_TTL_MS, silentAfterMs = SILENT_AFTER_MS, leader } = parts;
  const wake = parts.wake ?? createPacedTrigger(clock);
  const metrics = parts.metrics ?? createMetrics();
  const changed = () => wake.fire();
  const fleet = createFleet({ clock, log, silentAfterMs, changed });
  const permits = createPermits({ clock, ttlMs: permitTtlMs });
  const statuses = createStatusWriter({
    sink: parts.statuses,
    clock,
    log,
    wrote: outcome => metrics.statusWrite(outcome),
  });
  let epoch = 0;
  /** Undefined outside terms. */
  let lastPassMs: number | undefined;

  const close = () => {
    lastPassMs = undefined;
    fleet.close();
    permits.close();
    log.info({ epoch }, 'no longer leading');
  };

  const coordinator: Coordinator = {
    source,
    clock,
    wake,
    limits: parts.limits,
    startupTaints: parts.startupTaints,
    fleet,
    permits,
    statuses,
    metrics,

    read: signal => readCluster({ source, changed, clock, log }, signal),
    async open(term) {
      // A term may be over before it is used, of a process that was suspended: nothing would close it any more.
      term.signal.throwIfAborted();
      epoch = term.epoch;
      lastPassMs = clock.monotonicMs();
      fleet.open();
      permits.open(lastPassMs);
      term.signal.addEventListener('abort', close, { once: true });
      beside(statuses.run(term.signal), term.signal);
      log.info({ epoch }, 'leading');
    },
    passed(startedMs) {
      lastPassMs = clock.monotonicMs();
      metrics.planned(lastPassMs - startedMs);
    },
    epoch: () => epoch,
    leading: () => lastPassMs !== undefined,
    mustLead() {
      if (lastPassMs === undefined) throw apiErrors.notLeading(leader?.(), epoch > 0);
    },

    forNode: node => answerAgent(coordinator, node),
    overview: () => overview(coordinator),
    node: name => nodeView(coordinator, name),
    image: image => imageView(coordinator, image),
    ready: () => source.read() !== undefined && (lastPassMs === undefined || fleet.assigned()),
    alive: () => lastPassMs === undefined || clock.monotonicMs() - lastPassMs < STUCK_AFTER_MS,
  };
  return coordinator;
}

/** What fails for another reason than the end of the term is a bug: it goes unhandled, which ends the process. */
function beside(running: Promise<void>, signal: AbortSignal): void {
  running.catch(error => {
    if (!signal.aborted) throw error;
  });
}
