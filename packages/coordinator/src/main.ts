import { alwaysLeader, createManifestsSource, createManifestsStatusSink } from '@kube-prefetch/cluster';
import { type Config, createLog, readConfigOrExit, runUntilSignalled } from '@kube-prefetch/process';
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
    const coordinator = createCoordinator({
      source: createManifestsSource({ dir: config.manifests, clock, log }),
      statuses: createManifestsStatusSink({ dir: config.statusDir, clock }),
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
