import type { Server, Socket } from 'node:net';

/** Of one address, on one listener. An agent needs three. */
const MOST_EACH = 64;

/**
 * Bounds the connections that one address has open: the oldest makes room for a new one, so that a probe gets through although a
 * neighbour of the same address holds many. Returns what cuts them all, also those whose TLS handshake never began.
 */
export function boundConnections(server: Server): () => void {
  const byAddress = new Map<string, Set<Socket>>();

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const open = byAddress.get(address) ?? new Set();
    byAddress.set(address, open.add(socket));
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0 && byAddress.get(address) === open) byAddress.delete(address);
    });
    const [oldest] = open;
    if (open.size <= MOST_EACH || oldest === undefined) return;
    open.delete(oldest);
    oldest.destroy();
  });

  return () => {
    for (const open of byAddress.values()) for (const socket of open) socket.destroy();
  };
}
