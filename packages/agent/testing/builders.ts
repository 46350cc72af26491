import { silentLog } from '@kube-prefetch/process';
import { PullFailure } from '@kube-prefetch/runtime';
import { timestamp } from '@kube-prefetch/time';
import type { AgentParts } from '../src/create-agent.ts';
import { type RunningPull, startPace } from '../src/decide/judge-stall.ts';
import { createMemoryStateFile } from './memory-state-file.ts';

/** All that an agent needs, of which a test names what matters to it. */
export function agentParts(
  given: Pick<AgentParts, 'api' | 'runtime' | 'clock' | 'random'> & Partial<AgentParts>,
): AgentParts {
  return {
    log: silentLog,
    state: createMemoryStateFile(),
    identity: { id: 'agent', startedAt: timestamp(given.clock), version: '0.0.0' },
    parallelPulls: 2,
    slowPullBytesPerSecond: 50_000,
    disk: { maxUsedPercent: 80 },
    stall: { stallTimeoutMs: 600_000 },
    lookUp: async () => {
      throw new PullFailure('RegistryUnavailable', 'no registry to ask');
    },
    ...given,
  };
}

/** A pull that has just started and shows no progress. */
export function aRunningPull(parts: Partial<RunningPull> = {}): RunningPull {
  return {
    image: 'a',
    withoutPermit: false,
    startedAtMs: 0,
    changedAtMs: 0,
    progress: undefined,
    sizeBytes: undefined,
    cancelled: false,
    gathering: false,
    pace: startPace(0),
    ...parts,
  };
}
