import { gapsOf, memoiseList, type ClusterState } from '@kube-prefetch/core';
import { CELL_STATES, resourceName, type ResourceRef } from '@kube-prefetch/protocol';
import type {
  BoardAsks,
  BoardBrief,
  BoardDelta,
  BoardResource,
  BoardSample,
  BoardSnapshot,
} from '@kube-prefetch/protocol/board';
import { type Clock, createTrigger, timestamp } from '@kube-prefetch/time';
import type { Fleet } from '../fleet/index.ts';
import type { Permits, SlowRegistries } from '../permits/index.ts';
import type { Tags } from '../refresh/tags.ts';
import type { StatusWriter } from '../status/index.ts';
import { type BoardTable, createBoardTable } from './board-table.ts';
import { createDeltaLog, type DeltaLog } from './delta-log.ts';
import { createHappenings } from './happenings.ts';
import { tellHolds } from './holds.ts';
import { tellAsks } from './tell-asks.ts';

/** How often what changed is told. */
const LOOK_MS = 500;
/** The board is kept this long after it was wanted last: whoever took a snapshot is about to follow. */
const KEPT_MS = 60_000;
const SAMPLE_MS = 10_000;
/** What holds pulls up is not looked for in each look: it costs a look at every want of every node. */
const HOLDS_MS = 2_000;
/** An hour's. */
const MAX_SAMPLES = 360;
const LONGEST_PULLS = 100;
const BUILD_POLL_MS = 20;
/** Pages that follow at once. */
const MAX_FOLLOWERS = 16;

/** What the page shows, made only while somebody looks at it. A new term begins a new board. */
export interface Board {
  /** Begins a term. */
  open(epoch: number): void;
  /** Ends it; who follows is told. */
  close(): void;
  /** Notes what a pass saw. */
  note(state: ClusterState, now: number): void;
  /** Keeps the board in step until the signal aborts; rejects with its reason. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves once every cell has been looked at. */
  snapshot(signal: AbortSignal): Promise<Omit<BoardSnapshot, 'script'>>;
  /** Undefined: nobody has taken a snapshot lately, so there is nothing to follow. */
  log(): DeltaLog | undefined;
  /** Which cells the resource asks for. Undefined where nobody has taken a snapshot lately. */
  asksOf(resource: ResourceRef): BoardAsks | undefined;
  /** As many pages follow as may. */
  isFull(): boolean;
}

export interface BoardParts {
  readonly fleet: Pick<Fleet, 'nodes' | 'records' | 'sizeOf' | 'tally'>;
  readonly state: () => ClusterState | undefined;
  readonly permits: Pick<Permits, 'limits'>;
  readonly registries: Pick<SlowRegistries, 'slowed' | 'refusals'>;
  readonly tags: Pick<Tags, 'view'>;
  readonly statuses: Pick<StatusWriter, 'latest'>;
  readonly clock: Clock;
  /** A text that no other process has. */
  readonly instance: string;
}

/** What a board is while it is kept. */
interface Kept {
  readonly table: BoardTable;
  readonly log: DeltaLog;
  /** As told last. */
  brief: BoardBrief;
  holdsDueMs: number;
  /** The same moment by both clocks, so that a time is told by the same figure each time. */
  readonly startedMs: number;
  readonly startedWallMs: number;
  readonly resources: Map<string, { readonly status: unknown; readonly text: string; readonly told: BoardResource }>;
  complete: boolean;
}

export function createBoard(parts: BoardParts): Board {
  const { fleet, state, registries, statuses, clock, instance } = parts;
  const happenings = createHappenings();
  const samples: BoardSample[] = [];
  const trigger = createTrigger(clock);
  let epoch = 0;
  let boards = 0;
  let kept: Kept | undefined;
  let wantedUntilMs = -Infinity;
  let sampledMs = -Infinity;
  let followers = 0;

  const drop = () => {
    kept?.log.end();
    kept = undefined;
  };

  const begin = (): Kept => ({
    table: createBoardTable({ fleet, labels: () => state()?.nodes }),
    log: createDeltaLog(`${instance}-${++boards}`),
    brief: { gaps: [], pulls: { total: 0, longest: [] }, holds: { total: 0, first: [] } },
    holdsDueMs: -Infinity,
    startedMs: clock.monotonicMs(),
    startedWallMs: clock.wallMs(),
    resources: new Map(),
    complete: false,
  });

  /** Returns whether there is more to look at. */
  const look = (): boolean => {
    const board = (kept ??= begin());
    const found = board.table.look();
    if (found === 'Full') {
      drop();
      return true;
    }
    const delta = { ...found.delta, ...newResources(board, statuses), ...newBrief(board, parts) };
    if (Object.keys(delta).length > 0) board.log.append(delta);
    board.complete ||= !found.more;
    return found.more;
  };

  const tell = (delta: BoardDelta) => kept?.log.append(delta);

  return {
    open(next) {
      epoch = next;
      sampledMs = -Infinity;
    },
    close() {
      drop();
      wantedUntilMs = -Infinity;
    },
    note(state, now) {
      const nodes = [...fleet.nodes()];
      const noticed = {
        epoch,
        statuses: statuses.latest(),
        gaps: gapsOf(state),
        nodes: namesOf(
          fleet,
          nodes.map(({ name }) => name),
        ),
        silent: new Set(nodes.filter(({ silent }) => silent).map(({ name }) => name)),
        slowed: registries.slowed(now),
      };
      const news = happenings.note(noticed, timestamp(clock), now);
      if (news.length > 0) tell({ happenings: news });
      if (now - sampledMs < SAMPLE_MS) return;
      sampledMs = now;
      const sample = { atMs: clock.wallMs(), counts: countCells(fleet) };
      samples.push(sample);
      if (samples.length > MAX_SAMPLES) samples.shift();
      tell({ sample });
    },
    async run(signal) {
      for (;;) {
        if (followers === 0 && clock.monotonicMs() >= wantedUntilMs) {
          drop();
          await trigger.next(Infinity, signal);
        } else {
          await clock.sleep(look() ? 1 : LOOK_MS, signal);
        }
      }
    },
    async snapshot(signal) {
      wantedUntilMs = clock.monotonicMs() + KEPT_MS;
      trigger.fire();
      while (kept?.complete !== true) await clock.sleep(BUILD_POLL_MS, signal);
      const { table, log, brief, resources } = kept;
      return {
        cursor: log.cursor(),
        epoch,
        // Copies: what happens before this is written out is told by a delta.
        nodes: [...table.nodes],
        images: [...table.images],
        leftOut: table.leftOut,
        cells: Buffer.from(table.cells.buffer).toString('base64'),
        resources: [...resources.values()].map(({ told }) => told),
        happenings: happenings.latest(clock.monotonicMs()),
        samples: [...samples],
        ...brief,
      };
    },
    asksOf: resource => kept && tellAsks(resource, fleet, kept.table),
    isFull: () => followers >= MAX_FOLLOWERS,
    log() {
      const log = kept?.log;
      if (log === undefined) return undefined;
      return {
        ...log,
        follow(follower) {
          const leave = log.follow(follower);
          followers += 1;
          return () => {
            followers -= 1;
            wantedUntilMs = clock.monotonicMs() + KEPT_MS;
            leave();
          };
        },
      };
    },
  };
}

function newResources({ resources }: Kept, statuses: Pick<StatusWriter, 'latest'>): BoardDelta {
  const there = new Set<string>();
  const changed: BoardResource[] = [];
  for (const { resource, status } of statuses.latest()) {
    const name = resourceName(resource);
    there.add(name);
    const known = resources.get(name);
    if (known?.status === status) continue;
    const { recentPods: _recentPods, ...rest } = status;
    const told = { resource, status: rest };
    const text = JSON.stringify(told);
    if (known?.text !== text) changed.push(told);
    resources.set(name, { status, text, told });
  }
  const resourcesGone = [...resources.keys()].filter(name => !there.has(name));
  for (const name of resourcesGone) resources.delete(name);
  return { ...(changed.length > 0 && { resources: changed }), ...(resourcesGone.length > 0 && { resourcesGone }) };
}

function newBrief(board: Kept, { state: read, ...parts }: BoardParts): Partial<BoardBrief> {
  const { total, all } = board.table.pulls();
  const longest = [...all].sort((a, b) => b.elapsedMs - a.elapsedMs).slice(0, LONGEST_PULLS);
  const before = board.brief;
  const state = read();
  const gaps = state === undefined ? [] : gapsOf(state);
  const next: BoardBrief = { gaps, pulls: { total, longest }, holds: newHolds(board, parts) };
  board.brief = next;
  return {
    ...(!isSame(next.gaps, before.gaps) && { gaps: next.gaps }),
    ...(!isSame(next.pulls, before.pulls) && { pulls: next.pulls }),
    ...(!isSame(next.holds, before.holds) && { holds: next.holds }),
  };
}

function newHolds(board: Kept, { permits, registries, tags, clock }: Omit<BoardParts, 'state'>): BoardBrief['holds'] {
  const now = clock.monotonicMs();
  if (now < board.holdsDueMs) return board.brief.holds;
  board.holdsDueMs = now + HOLDS_MS;
  const input = {
    limits: permits.limits(),
    slots: board.table.slots(),
    registries: registries.refusals(),
    tags: tags.view(),
  };
  return tellHolds(input, at => board.startedWallMs + at - board.startedMs);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The same set while no node comes or goes. */
const namesOf = memoiseList((_fleet: object, names: readonly string[]): ReadonlySet<string> => new Set(names));

/** In the order of CELL_STATES; not those of nodes that get no agent. */
function countCells(fleet: Pick<Fleet, 'records' | 'tally'>): readonly number[] {
  const sum = CELL_STATES.map(() => 0);
  for (const { cohort, plan } of fleet.records()) {
    if (!cohort.applicable) continue;
    for (const { image } of plan.items) {
      const { counts } = fleet.tally(cohort, image);
      CELL_STATES.forEach((state, i) => (sum[i] = (sum[i] ?? 0) + counts[state]));
    }
  }
  return sum;
}
