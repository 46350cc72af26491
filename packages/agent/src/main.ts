import { randomUUID } from 'node:crypto';
import { createLog, readConfigOrExit, runUntilSignalled } from '@kube-prefetch/process';
import { detectRuntime, ownRootSpace } from '@kube-prefetch/runtime';
import { systemClock as clock, systemRandom as random, timestamp } from '@kube-prefetch/time';
import manifest from '../package.json' with { type: 'json' };
import { createAgent } from './create-agent.ts';
import { addressProblems } from './client/coordinator-address.ts';
import { createHttpAgentApi } from './client/http-agent-api.ts';
import { AGENT_SETTINGS, pluginProblems, proxyProblems } from './config.ts';
import { findWhenNeeded } from './runtime/find-when-needed.ts';
import { createLookUpTag } from './looks/look-up-tag.ts';
import { createAgentMetrics } from './metrics.ts';
import { serveHealthAndMetrics } from './ops/health-and-metrics-listener.ts';
import { runAgent } from './run-agent.ts';
import { openStateFolder } from './memory/state-folder.ts';

const { version } = manifest;
const purpose = 'keeps the images that the coordinator plans for this node in its container runtime';
const config = readConfigOrExit(AGENT_SETTINGS, { name: 'agent', version, purpose }, settings => [
  ...addressProblems(settings),
  ...pluginProblems(settings),
  ...proxyProblems(settings),
]);
const log = createLog({ level: config.logLevel, name: 'agent', version });

const findRuntime = async () => {
  const { runtimeSocket: socket, runtimeImageSocket: imageSocket } = config;
  const { runtime, endpoint, passedOver } = await detectRuntime({ socket, imageSocket, clock });
  log.info({ endpoint, imageSocket, passedOver }, 'container runtime found');
  return config.diskSeenThrough === 'own-root' ? { ...runtime, space: () => ownRootSpace() } : runtime;
};

const metrics = createAgentMetrics();

/** Undefined where no setting names any: what reads them takes memory. */
const findNodeCredentials = async () => {
  const { dockerConfig, credentialProviderConfig: providerConfig, credentialProviderBinDir: providerBinDir } = config;
  if (dockerConfig === undefined && providerConfig === undefined) return undefined;
  const { openNodeCredentials } = await import('./credentials/node-credentials.ts');
  const providerTimeoutMs = config.credentialProviderTimeoutMs;
  return openNodeCredentials({ dockerConfig, providerConfig, providerBinDir, providerTimeoutMs, clock, metrics });
};

await runUntilSignalled(
  async signal => {
    const state = await openStateFolder(config.stateDir);
    const api = createHttpAgentApi({ ...config, clock });
    const nodeCredentials = await findNodeCredentials();
    const agent = createAgent({
      api,
      runtime: findWhenNeeded(findRuntime),
      clock,
      random,
      log,
      state,
      metrics,
      identity: { id: randomUUID(), startedAt: timestamp(clock), version },
      parallelPulls: config.parallelPulls,
      slowPullBytesPerSecond: config.slowPullBytesPerSecond,
      disk: { maxUsedPercent: config.diskMaxUsedPercent },
      stall: config,
      lookUp: createLookUpTag(config, clock),
      nodeCredentials,
    });
    const address = await serveHealthAndMetrics({ metrics, health: agent.health, clock }, config.opsListen, signal);
    log.info({ listener: 'ops', address }, 'listening');
    await runAgent(agent, signal);
    api.close();
    await state.close();
  },
  { log, graceMs: config.graceMs },
);
