import { createLeaseLeadership } from '@kube-prefetch/cluster';
import { createTwinApi, createTwinSource, createTwinStatusSink, LEASES } from '@kube-prefetch/cluster/testing';
import { adminApp, createCoordinator, lead, listen } from '@kube-prefetch/coordinator';
import { aReport, never } from '@kube-prefetch/coordinator/testing';
import type { ClusterState } from '@kube-prefetch/core';
import { buildPage } from '@kube-prefetch/lab/build';
import { silentLog } from '@kube-prefetch/process';
import type { CellReport } from '@kube-prefetch/protocol';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { onTestFinished } from 'vitest';

const LEASE = { namespace: 'own', name: 'coordinator' };

export interface Pages {
  /** `http://127.0.0.1:…`, of the one that leads and of the other. */
  readonly first: string;
  readonly second: string;
  /** What the agent of the node says to the one that leads. */
  report(node: string, cells: readonly CellReport[]): Promise<void>;
  stopFirst(): Promise<void>;
}

/** Two coordinators in this process, of which one leads by a Lease, and the pages of both. */
export async function startPages(state: ClusterState): Promise<Pages> {
  const api = createTwinApi({ clock });
  api.apply(LEASES, { metadata: LEASE });
  const { files } = await buildPage();
  const start = async (name: string) => {
    const life = new AbortController();
    const parts = { api, clock, random, log: silentLog, lease: LEASE, identity: name, address: `${name}:7070` };
    const leadership = createLeaseLeadership(parts);
    const source = createTwinSource();
    source.set(state);
    const leaderPod = () => leadership.leaderName() && `own/${leadership.leaderName()}`;
    const statuses = createTwinStatusSink();
    const leader = () => leadership.leader();
    const coordinator = createCoordinator({ source, statuses, clock, log: silentLog, limits: {}, leader, leaderPod });
    const reading = coordinator.read(life.signal).catch(() => {});
    const leading = (async () => {
      for await (const term of leadership.terms(life.signal)) await lead(coordinator.line, term).catch(() => {});
    })();
    const app = adminApp(coordinator, { clock, log: silentLog, metrics: coordinator.metrics, page: files });
    const at = { host: '127.0.0.1', port: 0 };
    const listening = await listen(app, { listener: 'admin', at, clock, log: silentLog });
    let stopped: Promise<unknown> | undefined;
    const stop = async () => {
      life.abort(new Error('stopped'));
      await (stopped ??= Promise.all([reading, leading, listening.close()]));
    };
    return { address: listening.address, coordinator, stop };
  };
  const first = await start('first');
  while (!first.coordinator.leading()) await clock.sleep(20);
  const second = await start('second');
  onTestFinished(() => second.stop());
  onTestFinished(() => first.stop());
  return {
    first: first.address,
    second: second.address,
    async report(node, cells) {
      await first.coordinator.forNode(node).report(aReport({ cells: [...cells] }), never());
    },
    stopFirst: first.stop,
  };
}
