import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ApiServer } from '@kube-prefetch/lab/cluster';
import { type Child, freePort, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import { applyCrds } from './apply-crds.ts';
import { SOON_MS } from '../patience.ts';

export const NAMESPACE = 'kube-prefetch';
const SERVICE = 'kube-prefetch-coordinator.kube-prefetch.svc';
const ANSWER_MS = 60_000;
const MAIN = fileURLToPath(new URL('../../packages/coordinator/src/main.ts', import.meta.url));

/** One coordinator process, as a pod would run it. */
export interface Replica {
  readonly name: string;
  readonly child: Child;
  /** Where it serves agents. */
  readonly agents: string;
  /** `http://127.0.0.1:…` of people. */
  readonly admin: string;
  readonly ops: string;
  /** Log lines that have this message. */
  readonly logged: (message: string) => readonly Record<string, unknown>[];
  /** Log lines of warnings and errors. */
  readonly complaints: () => readonly Record<string, unknown>[];
}

export interface AskOptions {
  readonly path?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly ca?: string;
  /** Whom the certificate must be for. */
  readonly servername?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Called once the request is out. */
  readonly sent?: () => void;
  /** Keeps the connection; without, it is closed after the answer. */
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: {
    readonly code?: string;
    readonly message?: string;
    readonly leader?: string;
    readonly leaderPod?: string;
  };
}

/** What the chart renders, as far as the coordinator needs it: all three empty. */
export async function prepareCluster(server: ApiServer, nodes: readonly string[]): Promise<void> {
  const own = (name: string) => ({ name, namespace: NAMESPACE });
  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: own(name) });
  await applyCrds(server);
  await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await server.apply([
    account('agent'),
    account('somebody'),
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: own('coordinator') },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: own('ca'),
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': '', 'tls.key': '' },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: own('ca') },
    ...nodes.map(name => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
  ]);
}

/** A coordinator of that pod name; resolves once it is Ready. `under`: a command that runs it, as `nice` would. */
export async function startReplica(
  server: Pick<ApiServer, 'kubeconfig'>,
  dir: string,
  name: string,
  otherFlags: Readonly<Record<string, string>> = {},
  under: readonly string[] = [],
): Promise<Replica> {
  const [agents, admin, ops] = [await freePort(), await freePort(), await freePort()];
  const flags = {
    source: 'kubernetes',
    kubeconfig: server.kubeconfig,
    namespace: NAMESPACE,
    'pod-name': name,
    'pod-ip': '127.0.0.1',
    service: SERVICE,
    lease: 'coordinator',
    'ca-secret': 'ca',
    'ca-config-map': 'ca',
    'agent-service-account': 'agent',
    listen: `127.0.0.1:${agents}`,
    'admin-listen': `127.0.0.1:${admin}`,
    'ops-listen': `127.0.0.1:${ops}`,
    'log-level': 'debug',
    ...otherFlags,
  };
  const logFile = join(dir, `${name}.log`);
  const settings = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const [command = process.execPath, ...args] = [...under, process.execPath, MAIN, ...settings];
  const child = await startChild({ name, command, args, logFile });
  const replica: Replica = {
    name,
    child,
    agents: `127.0.0.1:${agents}`,
    admin: `http://127.0.0.1:${admin}`,
    ops: `http://127.0.0.1:${ops}`,
    logged: message => linesOf(logFile).filter(line => line.msg === message),
    complaints: () => linesOf(logFile).filter(({ level }) => level === 'warn' || level === 'error'),
  };
  const listening = () => replica.logged('listening').some(line => line.listener === 'agents');
  await waitUntil(async () => listening() && (await isReady(replica)), `${name} to be ready`, SOON_MS, { child });
  return replica;
}

/** What the kubelet would project into the agent's pod of that node. */
export async function createAgentToken({ apply, createToken }: ApiServer, nodeName: string): Promise<string> {
  const name = `agent-${nodeName}`;
  const spec = { nodeName, serviceAccountName: 'agent', containers: [{ name: 'agent', image: 'agent' }] };
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE }, spec });
  const boundTo = { kind: 'Pod', name } as const;
  return createToken({ namespace: NAMESPACE, serviceAccount: 'agent', audience: 'kube-prefetch', boundTo });
}

export async function isReady({ ops }: Replica): Promise<boolean> {
  return (await fetch(`${ops}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
}

/** What agents trust, once it is published. */
export async function publishedCa({ kubectl }: ApiServer, name = 'ca'): Promise<string> {
  const configMap = JSON.parse(await kubectl('get', 'configmap', name, `--namespace=${NAMESPACE}`, '--output=json'));
  return configMap.data?.['ca.crt'] ?? '';
}

/** One request over TLS to the agents' listener, as an agent does it. */
export function ask({ agents }: Pick<Replica, 'agents'>, options: AskOptions): Promise<Answer> {
  const {
    path = '/v1/nodes/n1/plan',
    token,
    body,
    ca,
    servername = SERVICE,
    timeoutMs = ANSWER_MS,
    agent = false,
  } = options;
  const [host, port] = agents.split(':');
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        host,
        port,
        path,
        headers,
        method: body === undefined ? 'GET' : 'POST',
        ca,
        servername,
        agent,
        signal: AbortSignal.timeout(timeoutMs),
      },
      answer => {
        answer.toArray().then(chunks => resolve(read(answer, chunks.join(''))), reject);
      },
    );
    asking.once('error', reject);
    asking.once('finish', () => options.sent?.());
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function read({ statusCode: status = 0, headers }: IncomingMessage, text: string): Answer {
  return { status, headers, body: text === '' ? {} : JSON.parse(text) };
}

function linesOf(logFile: string): Record<string, unknown>[] {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  return lines.filter(line => line.startsWith('{') && line.endsWith('}')).map(line => JSON.parse(line));
}
