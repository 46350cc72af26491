import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../machine/index.ts';

/** Passes on what a client and a server on loopback say to each other, and counts it: as it goes over the wire, with TLS. */
export interface CountingProxy {
  readonly url: string;
  /** So far. */
  bytes(): { readonly toServer: number; readonly toClient: number };
  close(): Promise<void>;
}

export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let [toServer, toClient] = [0, 0];
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer(client => {
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    keep(client, upstream);
    keep(upstream, client);
    client.on('data', chunk => (toServer += chunk.length)).pipe(upstream);
    upstream.on('data', chunk => (toClient += chunk.length)).pipe(client);
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${port}`,
    bytes: () => ({ toServer, toClient }),
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
