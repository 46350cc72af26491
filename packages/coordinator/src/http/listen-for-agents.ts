import type { NodeIdentity } from '@kube-prefetch/cluster';
import type { Address, Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { ServingCertificate } from '../tls/index.ts';
import { agentsApp, type AgentsSide } from './agents.ts';
import { type RequestMetrics, useCertificate } from './create-app.ts';
import { type Listening, listen } from './listen.ts';

/**
 * As many as the kernel allows: net.core.somaxconn, which is 4,096. Node takes one in each round of its loop: of a thousand nodes that come
 * back together those beyond the backlog would try again seconds later.
 */
const BACKLOG = 65_535;

export interface ListenForAgentsParts {
  readonly listen: Address;
  /** How agents and this process recognise each other. Without it agents are served on loopback only. */
  readonly trust?: Trust | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Trust {
  readonly certificate: ServingCertificate;
  readonly identity: NodeIdentity;
}

/** Opens the listener of the agents. What renews its certificate ends when the signal aborts. */
export async function listenForAgents(
  c: AgentsSide & { readonly metrics: RequestMetrics },
  { listen: address, trust, clock, log }: ListenForAgentsParts,
  signal: AbortSignal,
): Promise<Listening> {
  const edge = { clock, log, metrics: c.metrics };
  const at = { listener: 'agents', at: address, backlog: BACKLOG, clock, log };
  if (trust === undefined) return listen(agentsApp(c, edge), { ...at, loopbackOnly: true });

  const certificate = await trust.certificate.first(signal);
  const app = agentsApp(c, { ...edge, certificate, identity: trust.identity });
  const listening = await listen(app, at);
  trust.certificate
    .keepGood(next => useCertificate(app, next), signal)
    .catch(error => {
      if (!signal.aborted) throw error;
    });
  return listening;
}
