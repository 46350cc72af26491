import type { Leadership, Term } from '@kube-prefetch/cluster';
import type { Address, Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import { lead, type Line } from './coordinator.ts';
import type { Coordinator } from './create-coordinator.ts';
import { adminApp } from './http/admin.ts';
import { type Listening, listen } from './http/listen.ts';
import { opsApp } from './http/ops.ts';
import { listenForAgents, type Trust } from './http/listen-for-agents.ts';

export interface ServeParts {
  readonly leadership: Leadership;
  readonly listeners: { readonly listen: Address; readonly adminListen: Address; readonly opsListen: Address };
  readonly trust?: Trust | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Any pod may connect; the kubelet and a scraper need one connection at a time. */
const OPS_CONNECTIONS = { perAddress: 16, inAll: 256 };

/** Reads the cluster, listens, leads whenever this process may, and closes within a second of the signal. */
export async function serve(c: Coordinator, parts: ServeParts, signal: AbortSignal): Promise<void> {
  const { leadership, listeners, clock, log } = parts;
  const over = new AbortController();
  const running = AbortSignal.any([signal, over.signal]);
  const edge = { clock, log, metrics: c.metrics };
  const open: Listening[] = [];
  let agents: Listening | undefined;
  const reading = c.read(running);
  const certificate = parts.trust?.certificate;
  const readiness = {
    serving: () => agents !== undefined && certificate?.isGood() !== false,
    authorityProblem: () => certificate?.problem(),
  };
  try {
    for (const listener of [
      {
        app: opsApp(c, { ...edge, ...readiness }),
        listener: 'ops',
        at: listeners.opsListen,
        connections: OPS_CONNECTIONS,
      },
      { app: adminApp(c, edge), listener: 'admin', at: listeners.adminListen, loopbackOnly: true },
    ]) {
      open.push(await listen(listener.app, { ...listener, clock, log }));
    }
    agents = await listenForAgents(c, { ...parts, listen: listeners.listen }, running);
    open.push(agents);
    for await (const term of leadership.terms(signal)) {
      await leadTerm(c.line, term);
      if (!signal.aborted) await agents.drop();
    }
  } finally {
    // After a failure too: the program ends only once everything has stopped.
    over.abort();
    await Promise.all([reading, ...open.map(listening => listening.close())]);
  }
}

async function leadTerm(line: Line, term: Term): Promise<void> {
  try {
    await lead(line, term);
  } catch (error) {
    if (!term.signal.aborted) throw error;
  }
}
