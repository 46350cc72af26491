import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { json } from 'node:stream/consumers';

export interface RawAnswer<Body> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** JSON to an API server and back, with nothing between that would mend or check it. */
export interface RawClient {
  send<Body>(method: string, path: string, body?: unknown): Promise<RawAnswer<Body>>;
  close(): void;
}

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
  readonly users: readonly [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

const MAX_SOCKETS = 8;

/** `kubeconfig`: a file in JSON whose user has a certificate. */
export function createRawClient(kubeconfig: string): RawClient {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  });
  return {
    send: <Body>(method: string, path: string, body?: unknown) =>
      new Promise<RawAnswer<Body>>((resolve, reject) => {
        const options = { method, agent, headers: { 'content-type': 'application/json' } };
        const sent = request(`${cluster.server}${path}`, options, response => {
          const { statusCode: status = 0, headers } = response;
          json(response).then(parsed => resolve({ status, headers, body: parsed as Body }), reject);
        });
        sent.on('error', reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}

function decode(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
