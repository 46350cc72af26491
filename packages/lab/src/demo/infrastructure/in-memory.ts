import { createAgent, createHttpAgentApi, runAgent } from '@kube-prefetch/agent';
import { silentLog } from '@kube-prefetch/process';
import {
  type TwinRegistry,
  type TwinRuntime,
  createTwinRegistry,
  createTwinRuntime,
} from '@kube-prefetch/runtime/twin';
import { systemClock as clock, systemRandom as random, timestamp } from '@kube-prefetch/time';
import { compressedBytes } from '../../images/index.ts';
import type { Say } from '../../machine/index.ts';
import type {
  DemoNode,
  DemoRegistry,
  Fetch,
  Infrastructure,
  InfrastructureOptions,
  RunningAgent,
} from './infrastructure.ts';

const ADDRESS = 'registry.demo.invalid:5000';
const BYTES_PER_SECOND = 40_000_000;

/** Stand-ins in this process: the coordinator and the agents are real, what they move is not. */
export async function inMemory({ nodes, make, say }: InfrastructureOptions): Promise<Infrastructure> {
  const registry = createTwinRegistry();
  for (const { name, image } of make(ADDRESS, Buffer.alloc(0))) {
    if (image === undefined) continue;
    registry.publish(name, { sizeBytes: compressedBytes(image), bytesPerSecond: BYTES_PER_SECOND });
  }
  const { counted, log } = countOffers(registry);
  return {
    description: `${nodes.length} runtimes and a registry that only exist in memory: no byte moves, no container starts`,
    registry: standInRegistry(registry, log),
    nodes: nodes.map(name => nodeOf(name, createTwinRuntime({ clock, registry: counted }), say)),
    close: async () => {},
  };
}

function countOffers(registry: TwinRegistry) {
  const log: Fetch[] = [];
  const counted: TwinRegistry = {
    ...registry,
    offer(image, auth) {
      log.push({ image, bytes: 0 });
      return registry.offer(image, auth);
    },
  };
  return { counted, log };
}

function standInRegistry(registry: TwinRegistry, log: readonly Fetch[]): DemoRegistry {
  let running = true;
  return {
    address: ADDRESS,
    log: () => log,
    async stop() {
      registry.stop();
      running = false;
    },
    async start() {
      registry.start();
      running = true;
    },
    answers: async () => running,
  };
}

function nodeOf(name: string, runtime: TwinRuntime, say: Say): DemoNode {
  return {
    name,
    async has(image) {
      const seen = await runtime.look([image], new AbortController().signal);
      return seen.get(image)?.present === true;
    },
    remove: async image => runtime.remove(image),
    run: async () => undefined,
    startAgent: async ({ coordinator }) => startAgent(name, coordinator, runtime, say),
  };
}

/** The agent's line with its HTTP client, without the process around it. */
function startAgent(node: string, coordinator: string, runtime: TwinRuntime, say: Say): RunningAgent {
  const stopped = new AbortController();
  const api = createHttpAgentApi({ coordinator, node, clock });
  const agent = createAgent({
    api,
    runtime,
    clock,
    random,
    log: silentLog,
    state: { load: async () => ({ saved: undefined }), save: async () => {} },
    identity: { id: `demo-${node}`, startedAt: timestamp(clock), version: 'demo' },
    parallelPulls: 2,
    slowPullBytesPerSecond: 50_000,
    disk: { maxUsedPercent: 95 },
    stall: { stallTimeoutMs: 120_000 },
    lookUp: async (image, auth) => runtime.registry.offer(image, auth).digest,
  });
  const ended = runAgent(agent, stopped.signal).catch((error: Error) =>
    say(`the agent of ${node} failed: ${error.message}`),
  );
  return {
    async stop() {
      stopped.abort();
      await ended;
      api.close();
    },
  };
}
