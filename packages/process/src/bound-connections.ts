import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly perAddress: number;
  /** Any number if absent. */
  readonly inAll?: number;
}

/**
 * Keeps a server's connections within limits by ending old ones, and never refuses a new one: a probe that has just come is
 * answered, whatever others hold open. The oldest of the same address goes first, then the oldest of the address with the most.
 * Returns what ends all connections, also those whose TLS handshake never began.
 */
export function boundConnections(server: HttpServer, { perAddress, inAll = Infinity }: ConnectionLimits): () => void {
  /** By address, each the oldest first. */
  const open = new Map<string, Set<Socket>>();
  let count = 0;

  const forget = (address: string, socket: Socket) => {
    const sockets = open.get(address);
    if (sockets?.delete(socket)) count -= 1;
    if (sockets?.size === 0) open.delete(address);
  };
  const endOldest = (address: string) => {
    const [oldest] = open.get(address) ?? [];
    if (oldest === undefined) return;
    forget(address, oldest);
    oldest.destroy();
  };

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const sockets = open.get(address) ?? new Set();
    open.set(address, sockets.add(socket));
    count += 1;
    socket.once('close', () => forget(address, socket));
    if (sockets.size > perAddress) endOldest(address);
    if (count > inAll) endOldest([...open].reduce((most, each) => (each[1].size > most[1].size ? each : most))[0]);
  });

  return () => {
    for (const sockets of open.values()) for (const socket of sockets) socket.destroy();
  };
}

/**
 * Ends connections that send a request before the one before it is answered. No client of ours, no kubelet and no scraper does that,
 * and thousands of requests in one packet keep others from their turn. Handlers need not look at what comes on an ended connection.
 */
export function refusePipelining(server: HttpServer): void {
  const busy = new WeakSet<Socket>();
  server.prependListener('request', ({ socket }, response) => {
    if (busy.has(socket)) return void socket.destroy();
    busy.add(socket);
    response.once('close', () => busy.delete(socket));
  });
}
