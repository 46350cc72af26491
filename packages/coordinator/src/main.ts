import { parsePodPlacement } from '@kube-prefetch/cluster';
import { createLog, favourMemoryWhenCalm, readConfigOrExit, runUntilSignalled } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';
import { bySource, kindsOf, parseRewriteRule, problemsOf, SETTINGS, spreadOf } from './config.ts';
import { createCoordinator } from './create-coordinator.ts';
import { manifestsParts } from './sources/manifests.ts';
import { createMetrics } from './metrics.ts';
import type { SourceParts } from './sources/source-parts.ts';
import { serve } from './serve.ts';

const PROGRAM = { name: 'coordinator', version: '0.1.0', purpose: 'computes the plan of each node and serves it' };

const config = bySource(readConfigOrExit(SETTINGS, PROGRAM, problemsOf));
const log = createLog({ level: config.logLevel, ...PROGRAM });
const metrics = createMetrics();
const surroundings = { clock, log, metrics, kinds: kindsOf(config) };

await runUntilSignalled(
  async signal => {
    const { source, statuses, secrets, leadership, leaderPod, trust, pods, taints } = await chooseParts();
    const { gateTaint: taint, gateResources: resources = [], gateDeadlineMs: deadlineMs } = config;
    const coordinator = createCoordinator({
      source,
      statuses,
      secrets,
      secretRefreshMs: config.secretRefreshMs,
      clock,
      log,
      metrics,
      pods,
      limits: { ...config, spread: spreadOf(config) },
      waves: { settleMs: config.spreadSettleMs, patienceMs: config.spreadPatienceMs },
      refresh: { intervalMs: config.refreshIntervalMs, minIntervalMs: config.refreshMinIntervalMs },
      permitTtlMs: config.permitTtlMs,
      silentAfterMs: config.silentAfterMs,
      resourceGraceMs: config.resourceGraceMs,
      agents:
        config.agentPods === undefined ? undefined : { choice: undefined, pod: parsePodPlacement(config.agentPods) },
      tenants: {
        images: config.tenantImages,
        imagesPerNamespace: config.tenantImagesPerNamespace,
        bytesPerNode: config.tenantBytesPerNode,
      },
      rewrite: (config.rewrite ?? []).map(parseRewriteRule),
      startupTaints: config.startupTaints ?? [],
      gate: taint === undefined || taints === undefined ? undefined : { taint, resources, deadlineMs, taints },
      leader: () => leadership.leader(),
      leaderPod,
    });
    const memory = favourMemoryWhenCalm({ clock }, signal);
    await serve(coordinator, { leadership, trust, listeners: config, clock, log }, signal);
    await memory;
  },
  { log, graceMs: config.graceMs },
);

async function chooseParts(): Promise<SourceParts> {
  if (config.source === 'manifests') return manifestsParts(config, surroundings);
  // What speaks to an API server takes time and memory to load.
  const { kubernetesParts } = await import('./sources/kubernetes.ts');
  return kubernetesParts(config, surroundings);
}
