import type { SecretReader } from '@kube-prefetch/cluster';
import type { ClusterState } from '@kube-prefetch/core';
import { type Coordinator, createCoordinator, lead } from '@kube-prefetch/coordinator';
import { silentLog } from '@kube-prefetch/process';
import type { AgentApi } from '@kube-prefetch/protocol';
import { type Clock, systemClock } from '@kube-prefetch/time';
import { createStateSource } from './state-source.ts';

/** A coordinator with a cluster of the test's making, reached in some way. */
export interface AgentApiHarness {
  readonly api: (node: string) => AgentApi;
  /** Makes this the state of the cluster; resolves once it is planned. */
  readonly set: (state: ClusterState) => Promise<void>;
  /** Ends the coordinator's term, as a coordinator does that stops. */
  readonly endTerm: () => void;
  readonly close: () => Promise<void>;
}

export interface HarnessOptions {
  readonly maxConcurrentPulls?: number;
  readonly permitTtlMs?: number;
  readonly secrets?: SecretReader;
  /** The system's if absent. */
  readonly clock?: Clock;
}

/**
 * A coordinator reached in memory. A harness that reaches it otherwise serves `coordinator` and
 * replaces `api`.
 */
export function createMemoryHarness(options: HarnessOptions = {}): AgentApiHarness & { coordinator: Coordinator } {
  const source = createStateSource();
  const term = new AbortController();
  const coordinator = createCoordinator({
    source,
    statuses: { read: async () => undefined, write: async () => 'written', event: async () => {} },
    clock: options.clock ?? systemClock,
    log: silentLog,
    limits: options,
    permitTtlMs: options.permitTtlMs,
    secrets: options.secrets,
  });
  const life = new AbortController();
  const reading = coordinator.read(life.signal);
  const ended = lead(coordinator.line, { epoch: 7, signal: term.signal }).catch(error => {
    if (!term.signal.aborted) throw error;
  });

  return {
    coordinator,
    api: node => coordinator.forNode(node),
    set: state => source.set(state),
    endTerm: () => term.abort(new Error('the term has ended')),
    async close() {
      term.abort(new Error('the test is over'));
      await ended;
      life.abort();
      await reading;
    },
  };
}
