import {
  type TwinSource,
  type TwinStatusSink,
  createTwinSource,
  createTwinStatusSink,
} from '@kube-prefetch/cluster/testing';
import type { ClusterState } from '@kube-prefetch/core';
import { type Coordinator, type CoordinatorParts, createCoordinator, lead } from '@kube-prefetch/coordinator';
import { silentLog } from '@kube-prefetch/process';
import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { type VirtualClock, createVirtualClock } from '@kube-prefetch/time/testing';

/** A coordinator whose line runs on a clock that stands still, between a source and a sink in memory. */
export interface VirtualLine {
  readonly clock: VirtualClock;
  readonly source: TwinSource;
  readonly sink: TwinStatusSink;
  readonly coordinator: Coordinator;
  /** Sets the state and lets the line see it. */
  readonly show: (state: ClusterState) => Promise<void>;
  readonly status: (name: string) => PrefetchStatus | undefined;
  /** Ends the term; resolves when the line has ended. */
  readonly endTerm: () => Promise<void>;
  /** Begins another term of the same process. */
  readonly beginTerm: (epoch: number, endMs?: () => number) => void;
}

/** Longer than the line rests between two looks. */
const A_LOOK_MS = 100;

export function startVirtualLine(parts: Partial<CoordinatorParts> = {}): VirtualLine {
  const clock = createVirtualClock();
  const source = createTwinSource();
  const sink = createTwinStatusSink();
  const coordinator = createCoordinator({
    source,
    statuses: sink,
    clock,
    log: silentLog,
    limits: {},
    ...parts,
  });
  void coordinator.read(new AbortController().signal);
  let term = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const beginTerm = (epoch: number, endMs?: () => number) => {
    term = new AbortController();
    const { signal } = term;
    ended = lead(coordinator.line, { epoch, signal, endMs }).catch(error => {
      if (!signal.aborted) throw error;
    });
  };
  beginTerm(1);

  return {
    clock,
    source,
    sink,
    coordinator,
    async show(state) {
      source.set(state);
      await clock.advance(A_LOOK_MS);
    },
    status: name => sink.statuses.get(name),
    async endTerm() {
      term.abort(new Error('the term has ended'));
      await clock.advance(0);
      await ended;
    },
    beginTerm,
  };
}
