import type { KeptAuthority, NodeIdentity } from '@kube-prefetch/cluster';
import { createTwinSource, createTwinStatusSink } from '@kube-prefetch/cluster/testing';
import { agentsApp, type Coordinator, createCoordinator, lead, listen } from '@kube-prefetch/coordinator';
import type { ClusterState } from '@kube-prefetch/core';
import { silentLog } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';
import { serverCertificate } from './certificates-and-tokens.ts';

/** Two coordinators in this process behind one name; a test says who leads. */
export interface Pair {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly replicas: readonly [Replica, Replica];
  readonly set: (state: ClusterState) => void;
  readonly close: () => Promise<void>;
}

export interface Replica {
  readonly coordinator: Coordinator;
  readonly address: string;
  /** `METHOD path status`, as they were answered. */
  readonly answered: readonly string[];
  /** Begins a term, of a higher epoch than any before. */
  elect(): void;
  /** Ends the term: what waits is answered, connections are closed. */
  depose(): Promise<void>;
  /** Is gone from one moment to the next, like a process that is killed. */
  crash(): Promise<void>;
}

interface Shared {
  readonly trust: { readonly by: KeptAuthority; readonly identity: NodeIdentity };
  readonly source: ReturnType<typeof createTwinSource>;
  readonly nextEpoch: () => number;
  /** Of the last one elected, whether it lives or not: what the Lease would say. */
  leader: string | undefined;
}

export async function startPair(trust: Shared['trust']): Promise<Pair> {
  let epoch = 0;
  const source = createTwinSource();
  const shared: Shared = { trust, source, nextEpoch: () => ++epoch, leader: undefined };
  const first = await startReplica(shared, '127.0.0.1', 0);
  const port = Number(first.address.split(':')[1]);
  const second = await startReplica(shared, '127.0.0.2', port);
  return {
    hosts: ['127.0.0.1', '127.0.0.2'],
    port,
    replicas: [first, second],
    set: state => source.set(state),
    close: async () => void (await Promise.all([first.crash(), second.crash()])),
  };
}

async function startReplica(shared: Shared, host: string, port: number): Promise<Replica> {
  const { source, trust } = shared;
  const life = new AbortController();
  let term = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const answered: string[] = [];
  const coordinator = createCoordinator({
    source,
    statuses: createTwinStatusSink(),
    clock,
    log: silentLog,
    limits: {},
    leader: () => (shared.leader === address ? undefined : shared.leader),
  });
  const reading = coordinator.read(life.signal);
  const app = agentsApp(coordinator, {
    clock,
    log: silentLog,
    metrics: coordinator.metrics,
    certificate: await serverCertificate(trust.by),
    identity: trust.identity,
  });
  app.addHook('onResponse', async ({ method, url }, { statusCode }) => {
    answered.push(`${method} ${url} ${statusCode}`);
  });
  const listening = await listen(app, { listener: 'agents', at: { host, port }, clock, log: silentLog });
  const address = `${host}:${new URL(listening.address).port}`;

  return {
    coordinator,
    address,
    answered,
    elect() {
      shared.leader = address;
      term = new AbortController();
      ended = lead(coordinator.line, { epoch: shared.nextEpoch(), signal: term.signal }).catch(() => {});
    },
    async depose() {
      term.abort(new Error('deposed'));
      await Promise.all([ended, listening.drop()]);
    },
    async crash() {
      app.server.closeAllConnections();
      app.server.close();
      term.abort(new Error('crashed'));
      life.abort();
      await Promise.all([ended, reading, listening.close()]);
    },
  };
}
