import type { AgentPod, AgentPods } from '@kube-prefetch/cluster';
import { createAgent, type LookUpTag, runAgent } from '@kube-prefetch/agent';
import { agentParts, createMemoryStateFile, type WatchedRuntime, watchRuntime } from '@kube-prefetch/agent/testing';
import { createTwinSource, createTwinStatusSink } from '@kube-prefetch/cluster/testing';
import { createCoordinator, type CoordinatorParts, lead } from '@kube-prefetch/coordinator';
import type { ClusterState } from '@kube-prefetch/core';
import { silentLog } from '@kube-prefetch/process';
import { type AgentApi, ApiError } from '@kube-prefetch/protocol';
import { PullFailure } from '@kube-prefetch/runtime';
import { type TwinRuntime, createTwinRegistry, createTwinRuntime } from '@kube-prefetch/runtime/twin';
import { seededRandom, timestamp } from '@kube-prefetch/time';
import { type VirtualClock, createVirtualClock } from '@kube-prefetch/time/testing';

/** The whole product on the virtual clock: the real coordinator and real agents, on twins of a runtime with one registry. */
export interface SimulatedCluster {
  readonly clock: VirtualClock;
  readonly registry: ReturnType<typeof createTwinRegistry>;
  readonly statuses: ReturnType<typeof createTwinStatusSink>;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly set: (state: ClusterState) => void;
  /** The one that runs. */
  readonly coordinator: () => ReturnType<typeof createCoordinator>;
  /** Ends its term without a word: whoever waits for an answer sees the connection break. */
  readonly killCoordinator: () => void;
  readonly looks: readonly SimulatedLook[];
  /** The node reaches no registry by itself. */
  readonly failLooksOf: (node: string) => void;
  /** Looks find this digest, and pulls what is published. */
  readonly mirrorBehind: (image: string, digest: string) => void;
  /** A new process that knows nothing. */
  readonly startCoordinator: () => void;
  readonly stop: () => Promise<void>;
}

export interface SimulatedNode {
  readonly runtime: TwinRuntime;
  readonly watched: WatchedRuntime;
  readonly startAgent: () => void;
  readonly stopAgent: () => Promise<void>;
}

export interface SimulationOptions {
  readonly nodes: readonly string[];
  readonly limits?: CoordinatorParts['limits'];
  readonly secrets?: CoordinatorParts['secrets'];
  readonly refresh?: CoordinatorParts['refresh'];
}

/** A tag that a node looked up. */
export interface SimulatedLook {
  readonly node: string;
  readonly image: string;
  readonly atMs: number;
}

interface Term {
  readonly coordinator: ReturnType<typeof createCoordinator>;
  readonly life: AbortController;
  readonly ended: Promise<void>;
}

/** The pod of a node's agent. */
function podOf(node: string): AgentPod {
  return { name: node, uid: node };
}

/** A pod that the API server created earlier, and that still speaks for the node. */
export function olderPodOf(node: string): AgentPod {
  return { name: `older-${node}`, uid: `older-${node}` };
}

const pods: AgentPods = {
  find: async ({ name }) => ({ createdAt: `2026-01-01T00:00:0${name.startsWith('older-') ? 0 : 1}Z`, leaving: false }),
};

export function simulateCluster({ nodes: names, limits = {}, secrets, refresh }: SimulationOptions): SimulatedCluster {
  const clock = createVirtualClock();
  const random = seededRandom(7);
  const registry = createTwinRegistry();
  const source = createTwinSource();
  const statuses = createTwinStatusSink();
  const looks: SimulatedLook[] = [];
  const cutOff = new Set<string>();
  const ahead = new Map<string, string>();
  let term: Term | undefined;
  let epoch = 0;

  const startCoordinator = () => {
    epoch += 1;
    const coordinator = createCoordinator({
      source,
      statuses,
      pods,
      secrets,
      clock,
      log: silentLog,
      limits,
      ...(refresh && { refresh }),
    });
    const life = new AbortController();
    void coordinator.read(life.signal);
    const ended = lead(coordinator.line, { epoch, signal: life.signal }).catch(() => {});
    term = { coordinator, life, ended };
  };
  const killCoordinator = () => {
    term?.life.abort(new Error('killed'));
    term = undefined;
  };
  const call = async <T>(signal: AbortSignal, work: (term: Term, signal: AbortSignal) => Promise<T>): Promise<T> => {
    const reached = term;
    try {
      if (reached === undefined) throw new Error('connection refused');
      return await work(reached, AbortSignal.any([signal, reached.life.signal]));
    } catch (error) {
      if (reached === term && error instanceof ApiError) throw error;
      throw new ApiError('Unreachable', 'the connection broke', { cause: error });
    }
  };
  const apiOf = (node: string): AgentApi => ({
    plan: (have, waitMs, signal) =>
      call(signal, (t, s) => t.coordinator.forNode(node, podOf(node)).plan(have, waitMs, s)),
    report: (report, signal) => call(signal, (t, s) => t.coordinator.forNode(node, podOf(node)).report(report, s)),
    permits: (request, signal) => call(signal, (t, s) => t.coordinator.forNode(node, podOf(node)).permits(request, s)),
    credentials: (request, signal) =>
      call(signal, (t, s) => t.coordinator.forNode(node, podOf(node)).credentials(request, s)),
  });

  const startNode = (name: string): SimulatedNode => {
    const runtime = createTwinRuntime({ clock, registry });
    const watched = watchRuntime(runtime, clock);
    const state = createMemoryStateFile();
    let starts = 0;
    let stop = new AbortController();
    let ended = Promise.resolve();
    return {
      runtime,
      watched,
      startAgent() {
        starts += 1;
        stop = new AbortController();
        const identity = { id: `${name}-${starts}`, startedAt: timestamp(clock), version: '0.0.0' };
        const stall = { stallTimeoutMs: 120_000 };
        const lookUp: LookUpTag = async (image, auth) => {
          looks.push({ node: name, image, atMs: clock.monotonicMs() });
          if (cutOff.has(name)) throw new PullFailure('RegistryUnavailable', 'no route');
          return ahead.get(image) ?? registry.offer(image, auth).digest;
        };
        const parts = { lookUp, api: apiOf(name), runtime: watched, clock, random, state, identity, stall };
        const agent = createAgent(agentParts(parts));
        ended = runAgent(agent, stop.signal);
      },
      stopAgent() {
        stop.abort(new Error('stopped by the test'));
        return ended;
      },
    };
  };

  const nodes = new Map(names.map(name => [name, startNode(name)]));
  startCoordinator();
  for (const node of nodes.values()) node.startAgent();
  return {
    clock,
    registry,
    statuses,
    nodes,
    looks,
    failLooksOf: node => void cutOff.add(node),
    mirrorBehind: (image, digest) => void ahead.set(image, digest),
    set: state => source.set(state),
    coordinator: () => (term as Term).coordinator,
    killCoordinator,
    startCoordinator,
    async stop() {
      const last = term;
      for (const node of nodes.values()) await node.stopAgent();
      killCoordinator();
      await last?.ended;
    },
  };
}
