import { connect, createServer, type Socket } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { freePort } from '@kube-prefetch/lab/machine';

/** The way to a server on loopback, which can be cut without the server or anybody else noticing. */
export interface TcpProxy {
  readonly url: string;
  /** Breaks all connections and takes no new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Breaks all connections; new ones work. */
  breakConnections(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { port: targetPort } = new URL(target);
  const port = await freePort();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer(client => {
    const upstream = connect(Number(targetPort), '127.0.0.1');
    keep(client, upstream);
    keep(upstream, client);
    client.pipe(upstream).pipe(client);
  });
  const breakConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const restore = () => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  const cut = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      breakConnections();
    });
  await restore();
  return { url: `https://127.0.0.1:${port}`, cut, restore, breakConnections, close: cut };
}

/** The kubeconfig, by another way to the same server. */
export function kubeconfigVia({ url }: TcpProxy, kubeconfig: string, server: string): string {
  const file = `${kubeconfig}.proxied`;
  writeFileSync(file, readFileSync(kubeconfig, 'utf8').replaceAll(server, url));
  return file;
}
