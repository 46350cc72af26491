import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What of an API server the command line needs to find the leader and to reach it: a Lease, and port-forwards to pods. */
export interface LeaderApi {
  /** Of its one context. */
  readonly kubeconfig: object;
  /** The Lease names this pod from now on. */
  lead(pod: string): void;
  /** Where its admin port is; undefined: the kubelet is asked for a pod that is not there. */
  pod(name: string, adminPort: number | undefined): void;
  /** What has passed through port-forwards so far. */
  passed(): { readonly requests: number; readonly connections: number; readonly answerBytes: number };
  close(): void;
}

/** Both channels of a port begin with its number. */
const PORT = Buffer.of(0x9f, 0x1b);
const channel = (number: number, data: Buffer) => Buffer.concat([Buffer.of(number), data]);

export async function startLeaderApi(): Promise<LeaderApi> {
  const pods = new Map<string, number>();
  const passed = { requests: 0, connections: 0, answerBytes: 0 };
  let leader = '';
  const server = createServer((request, response) => answer(request, response, leader));
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: protocols => [...protocols][0] ?? false });
  server.on('upgrade', (request, socket, head) => {
    const [, name = ''] = /\/pods\/([^/]+)\/portforward/.exec(request.url ?? '') ?? [];
    const port = pods.get(name);
    if (port === undefined) {
      const body = JSON.stringify({ kind: 'Status', message: `pods "${name}" not found` });
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, client => forward(client, port, passed));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const named = { name: 'test' };
  return {
    kubeconfig: {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ ...named, cluster: { server: url } }],
      users: [{ ...named, user: {} }],
      contexts: [{ ...named, context: { cluster: 'test', user: 'test' } }],
    },
    lead: pod => (leader = pod),
    pod: (name, adminPort) => (adminPort === undefined ? pods.delete(name) : pods.set(name, adminPort)),
    passed: () => ({ ...passed }),
    close() {
      for (const client of sockets.clients) client.terminate();
      server.close().closeAllConnections();
    },
  };
}

/** Whatever else is asked for is there in its first generation. */
function answer({ url = '' }: IncomingMessage, response: ServerResponse, leader: string): void {
  const found = url.includes('/leases/') ? { spec: { holderIdentity: leader } } : { metadata: { generation: 1 } };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(found));
}

/** As the kubelet: a port where nobody listens is told of on the channel for errors. */
function forward(
  client: WebSocket,
  port: number,
  passed: { requests: number; connections: number; answerBytes: number },
): void {
  const socket = connect({ host: '127.0.0.1', port });
  passed.connections += 1;
  client.send(channel(0, PORT));
  client.send(channel(1, PORT));
  client.on('message', (message: Buffer) => {
    const data = message.subarray(1);
    passed.requests += data.toString().match(/^(GET|POST) \//g)?.length ?? 0;
    socket.write(data);
  });
  client.on('close', () => socket.destroy());
  socket.on('data', data => {
    passed.answerBytes += data.length;
    client.send(channel(0, data));
  });
  socket.on('error', error => client.send(channel(1, Buffer.from(`an error occurred forwarding: ${error.message}`))));
  socket.on('close', () => client.close());
}
