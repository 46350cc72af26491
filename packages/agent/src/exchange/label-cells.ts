import type { CellReport, ImageRef, PullPhase } from '@kube-prefetch/protocol';
import type { Progress } from '@kube-prefetch/runtime';
import { type Clock, timestamp, timestampAt } from '@kube-prefetch/time';
import type { History } from '../decide/image-history.ts';
import type { Cell } from '../decide/judge-cells.ts';
import type { RunningPull } from '../decide/judge-stall.ts';

/** With more of them, a full report of the most cells that a node may have would not fit into the largest body. */
const MAX_DIGESTS = 4;
const MAX_DIGEST_LENGTH = 600;

const PHASE: Readonly<Record<Progress['phase'], PullPhase | undefined>> = {
  resolving: undefined,
  downloading: 'Downloading',
  unpacking: 'Unpacking',
};

type PullReport = NonNullable<CellReport['pull']>;
export type PullOf = (cell: Cell) => PullReport | undefined;

/** Puts times of the wall clock on cells. While a cell stays as it is, its times stay too, also when the wall clock jumps. */
export interface CellLabels {
  /** Forgets the times of cells that are not given. */
  label(cells: readonly Cell[], pullOf: PullOf): readonly CellReport[];
}

interface CellTimes {
  readonly state: Cell['state'];
  readonly since: string;
  readonly retryAtMs: number | undefined;
  readonly nextTry: string | undefined;
  readonly failingSinceMs: number | undefined;
  readonly failingSince: string | undefined;
}

export function createCellLabels(clock: Clock): CellLabels {
  let labelled: ReadonlyMap<ImageRef, CellTimes> = new Map();

  const labelsOf = ({ image, state, retryAtMs, failingSinceMs }: Cell): CellTimes => {
    const before = labelled.get(image);
    return {
      state,
      since: before?.state === state ? before.since : timestamp(clock),
      retryAtMs,
      nextTry: before?.retryAtMs === retryAtMs ? before?.nextTry : wallTimeOf(retryAtMs, clock),
      failingSinceMs,
      failingSince:
        before?.failingSinceMs === failingSinceMs ? before?.failingSince : wallTimeOf(failingSinceMs, clock),
    };
  };

  return {
    label(cells, pullOf) {
      labelled = new Map(cells.map(cell => [cell.image, labelsOf(cell)]));
      return cells.map(cell => toReport(cell, labelled.get(cell.image) as CellTimes, pullOf(cell)));
    },
  };
}

/** Of a Pulling cell the pull that runs, of a Present one the pull that brought the image. */
export function pullOf(
  { image, state }: Cell,
  histories: ReadonlyMap<ImageRef, History>,
  running: ReadonlyMap<ImageRef, RunningPull>,
  now: number,
): PullReport | undefined {
  if (state === 'Present') return histories.get(image)?.pull;
  const pull = state === 'Pulling' ? running.get(image) : undefined;
  if (pull === undefined) return undefined;
  const { doneBytes, totalBytes, phase } = pull.progress ?? {};
  return { elapsedMs: now - pull.startedAtMs, doneBytes, totalBytes, phase: phase && PHASE[phase] };
}

function toReport(cell: Cell, { since, nextTry, failingSince }: CellTimes, pull: PullReport | undefined): CellReport {
  const { image, state, waitingFor, failure, attempts } = cell;
  const waitingBecause = waitingFor === 'Credentials' ? cell.waitingBecause : undefined;
  const sizeBytes = whole(cell.sizeBytes);
  const digests = cell.digests?.filter(digest => digest.length <= MAX_DIGEST_LENGTH).slice(0, MAX_DIGESTS);
  return {
    image,
    state,
    since,
    waitingFor,
    waitingBecause,
    failure,
    failingSince,
    attempts,
    nextTry,
    sizeBytes,
    digests,
    pull: pull && wholeNumbers(pull),
  };
}

/** A runtime may count in fractions; the protocol does not. */
function wholeNumbers({ elapsedMs, doneBytes, totalBytes, ...rest }: PullReport): PullReport {
  return { elapsedMs: Math.round(elapsedMs), doneBytes: whole(doneBytes), totalBytes: whole(totalBytes), ...rest };
}

function whole(count: number | undefined): number | undefined {
  return count === undefined ? undefined : Math.floor(count);
}

function wallTimeOf(monotonicMs: number | undefined, clock: Clock): string | undefined {
  return monotonicMs === undefined ? undefined : timestampAt(clock, monotonicMs);
}
