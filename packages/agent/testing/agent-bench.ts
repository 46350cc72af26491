import { type TwinRuntime, createTwinRuntime } from '@kube-prefetch/runtime/twin';
import { seededRandom, timestamp } from '@kube-prefetch/time';
import { type VirtualClock, createVirtualClock } from '@kube-prefetch/time/testing';
import { type Agent, type AgentParts, createAgent } from '../src/create-agent.ts';
import { runAgent } from '../src/run-agent.ts';
import { agentParts } from './builders.ts';
import { createMemoryStateFile } from './memory-state-file.ts';
import { createScriptedApi, type ScriptedApi } from './scripted-api.ts';

/** An agent on the virtual clock with a runtime and a coordinator that a test controls. */
export interface AgentBench {
  readonly clock: VirtualClock;
  readonly runtime: TwinRuntime;
  readonly api: ScriptedApi;
  readonly state: ReturnType<typeof createMemoryStateFile>;
  /** Starts a process: one after the other, on what the last left behind. */
  readonly start: (options?: Partial<AgentParts>) => StartedAgent;
}

export interface StartedAgent {
  readonly agent: Agent;
  /** As runAgent settles. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

export function createAgentBench(options: Partial<AgentParts> & { seed?: number } = {}): AgentBench {
  const clock = (options.clock as VirtualClock | undefined) ?? createVirtualClock();
  const runtime = (options.runtime as TwinRuntime | undefined) ?? createTwinRuntime({ clock });
  const api = createScriptedApi({ clock });
  const state = createMemoryStateFile();
  const random = seededRandom(options.seed ?? 1);
  let starts = 0;

  return {
    clock,
    runtime,
    api,
    state,
    start(more) {
      starts += 1;
      const identity = { id: `agent-${starts}`, startedAt: timestamp(clock), version: '0.0.0' };
      const agent = createAgent(agentParts({ api, runtime, clock, random, state, identity, ...options, ...more }));
      const stop = new AbortController();
      const ended = runAgent(agent, stop.signal);
      ended.catch(() => {}); // A test that cares awaits it.
      return {
        agent,
        ended,
        async stop() {
          stop.abort(new Error('stopped by the test'));
          await ended;
        },
      };
    },
  };
}
