import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Server as TlsServer } from 'node:tls';
import { type Address, boundConnections, type ConnectionLimits, isLoopback, type Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { FastifyInstance } from 'fastify';

/** An agent needs three connections, to one listener; agents of several nodes may come from one address. */
const CONNECTIONS = { perAddress: 64 };
/** Connections that are still open this long after a stop are cut. */
const CLOSE_MS = 800;
/** Node's own. Where strangers fill it, whoever comes waits for as many, or tries again after a second. */
const FEW_WAIT = 511;

export interface Listening {
  /** `http://127.0.0.1:41234`. */
  readonly address: string;
  /** Closes the connections there are: idle ones at once, the others when they are answered or shortly after. */
  drop(): Promise<void>;
  /** Stops accepting, lets running answers finish, and cuts what is still open shortly after. */
  close(): Promise<void>;
}

export interface ListenParts {
  /** `agents`, `admin` or `ops`, for the log. */
  readonly listener: string;
  readonly at: Address;
  /** For listeners without authentication. */
  readonly loopbackOnly?: boolean;
  readonly connections?: ConnectionLimits;
  /** Connections that the kernel accepts before the process has. */
  readonly backlog?: number;
  readonly clock: Clock;
  readonly log: Log;
}

export async function listen(app: FastifyInstance, parts: ListenParts): Promise<Listening> {
  const { listener, at, clock, log } = parts;
  if (parts.loopbackOnly && !isLoopback(at.host)) {
    throw new Error(
      `the ${listener} listener has no authentication: expected a loopback address such as 127.0.0.1, got ${at.host ?? 'every address'}`,
    );
  }
  const cutAll = boundConnections(app.server, parts.connections ?? CONNECTIONS);
  await app.listen({ host: at.host ?? everyAddress(), port: at.port, backlog: parts.backlog ?? FEW_WAIT });
  const { address: host, family, port } = app.server.address() as AddressInfo;
  const address = `${app.server instanceof TlsServer ? 'https' : 'http'}://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
  log.info({ listener, address }, 'listening');

  return {
    address,
    async drop() {
      app.server.closeIdleConnections();
      await clock.sleep(CLOSE_MS);
      cutAll();
    },
    async close() {
      const closed = new AbortController();
      const cut = clock.sleep(CLOSE_MS, closed.signal).then(
        () => cutAll(),
        () => {},
      );
      await app.close();
      closed.abort();
      await cut;
    },
  };
}

/** Both families, where the kernel has IPv6: some machines start without it. */
export function everyAddress(interfaces = networkInterfaces()): '::' | '0.0.0.0' {
  const all = Object.values(interfaces).flatMap(addresses => addresses ?? []);
  return all.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0';
}
