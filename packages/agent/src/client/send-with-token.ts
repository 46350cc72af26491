import { isIP } from 'node:net';
import type { Clock } from '@kube-prefetch/time';
import type { CoordinatorAddress } from './coordinator-address.ts';
import { CERTIFICATES, createRenewedFile, TOKEN } from './renewed-file.ts';
import { type Answer, type Call, createConnections, sendRequest } from './send-request.ts';

/** Sends requests to addresses of the coordinator, with the token that says which node this is. */
export interface Sender {
  send(call: Call, address: string, signal: AbortSignal): Promise<Answer>;
  /** Ends idle connections to anywhere else. */
  keepOnlyTo(address: string): void;
  /** Ends idle connections. */
  close(): void;
}

export interface SenderOptions {
  readonly at: CoordinatorAddress;
  readonly clock: Clock;
  readonly maxSockets: number;
}

export function createSender({ at, clock, maxSockets }: SenderOptions): Sender {
  const connections = createConnections(at.identityFiles !== undefined, clock, maxSockets);
  const common = { keepOnlyTo: connections.keepOnlyTo, close: () => connections.agent.destroy() };
  if (at.identityFiles === undefined) {
    return {
      ...common,
      send: (call, address, signal) => sendRequest(call, { address, tls: undefined }, connections, signal),
    };
  }

  const authorities = createRenewedFile(at.identityFiles.caFile, CERTIFICATES);
  const servername = isIP(at.host) ? '' : at.host;
  const tokens = createRenewedFile(at.identityFiles.tokenFile, TOKEN);
  return {
    ...common,
    /** The kubelet may replace the token just after it was read, so a refused token is compared with the one there now. */
    async send(call, address, signal) {
      const target = { address, tls: { ca: await authorities.read(), servername } };
      const token = await tokens.read();
      const answer = await sendRequest(withToken(call, token), target, connections, signal);
      if (answer.status !== 401) return answer;
      const renewed = await tokens.read();
      return renewed === token ? answer : sendRequest(withToken(call, renewed), target, connections, signal);
    },
  };
}

function withToken(call: Call, token: string): Call {
  return { ...call, headers: { ...call.headers, authorization: `Bearer ${token.trim()}` } };
}
