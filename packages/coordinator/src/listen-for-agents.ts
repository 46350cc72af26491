import type { Coordinator } from './create-coordinator.ts';
import { agentsApp } from './http/agents.ts';
import { useCertificate } from './http/create-app.ts';
import { type Listening, listen } from './http/listen.ts';
import type { ServeParts } from './serve.ts';

/** Opens the listener of the agents: over TLS and with a look at who asks, or on loopback. */
export async function listenForAgents(c: Coordinator, parts: ServeParts, signal: AbortSignal): Promise<Listening> {
  const { listeners, trust, clock, log } = parts;
  const edge = { clock, log, metrics: c.metrics };
  const at = { listener: 'agents', at: listeners.listen, clock, log };
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
