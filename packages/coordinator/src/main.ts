import { alwaysLeader, createManifestsSource, createManifestsStatusSink } from '@kube-prefetch/cluster';
import { type Config, createLog, readConfigOrExit, runUntilSignalled } from '@kube-prefetch/process';
import { type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { systemClock } from '@kube-prefetch/time';
import { SETTINGS } from './config.ts';
import { createCoordinator } from './create-coordinator.ts';
import { serve } from './serve.ts';

const PROGRAM = { name: 'coordinator', version: '0.1.0', purpose: 'computes the plan of each node and serves it' };

const config: Config<typeof SETTINGS> = readConfigOrExit(SETTINGS, PROGRAM);
const log = createLog({ level: config.logLevel, ...PROGRAM });
const clock = systemClock;

await runUntilSignalled(
  signal => {
    const source = createManifestsSource({ dir: config.manifests, clock, log });
    const exists = (resource: ResourceRef) =>
      source.read()?.resources.some(({ ref }) => resourceName(ref) === resourceName(resource)) ?? true;
    const coordinator = createCoordinator({
      source,
      statuses: createManifestsStatusSink({ dir: config.statusDir, clock, exists }),
      clock,
      log,
      limits: config,
      leaseTtlMs: config.leaseTtlMs,
      silentAfterMs: config.silentAfterMs,
    });
    return serve(coordinator, { leadership: alwaysLeader({ clock }), listeners: config, clock, log }, signal);
  },
  { log, graceMs: config.graceMs },
);
