import type { RequestOptions } from 'node:https';
import { type Clock, untilAborted } from '@kube-prefetch/time';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Agent } from 'undici';
import { type CountRequest, countRequest } from './count-request.ts';
import { createHttpKubeApi } from './http-api.ts';
import type { KubeApi, KubeDiscovery, KubeTokens } from './kube-api.ts';
import { type KubeRequest, type KubeResponse, WATCH_SECONDS, MAX_ANSWER_BYTES } from './transport.ts';

// The package's index loads a class for every object that Kubernetes has.

/** For all watches and calls together. */
const MAX_CONNECTIONS = 100;
const CONNECT_WITHIN_MS = 10_000;
const KEEP_IDLE_MS = 30_000;

export interface ClientNodeApiOptions {
  /** A path. Without it the process runs in a pod and uses the pod's service account. */
  readonly kubeconfig?: string | undefined;
  readonly clock: Clock;
  /** The server is asked to end a watch after this time. */
  readonly watchSeconds?: number | undefined;
  /** The longest answer that is read. */
  readonly maxAnswerBytes?: number | undefined;
  /** Called for every request. */
  readonly count?: CountRequest;
}

/** A real API server. Throws when the configuration names none. `close` ends all connections, also those in use. */
export function createClientNodeApi({
  kubeconfig,
  clock,
  watchSeconds = WATCH_SECONDS,
  maxAnswerBytes = MAX_ANSWER_BYTES,
  count = () => {},
}: ClientNodeApiOptions): KubeApi & KubeTokens & KubeDiscovery & { close(): Promise<void> } {
  const agentFor = createPool();
  let config = loadConfig(kubeconfig);

  const sendAs = (authentication: Authentication, request: KubeRequest, signal: AbortSignal) =>
    countRequest(request, count, () =>
      exchange(agentFor(authentication), serverOf(config), authentication, request, signal),
    );

  async function send(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
    const authentication = await authenticationOf(config);
    const response = await sendAs(authentication, request, signal);
    if (response.status !== 401) return response;
    const renewed = await reload(authentication).catch(() => undefined);
    if (renewed === undefined) return response;
    response.close();
    return sendAs(renewed, request, signal);
  }

  /** Reads the configuration again. Undefined when it still has the refused authentication. */
  async function reload(refused: Authentication): Promise<Authentication | undefined> {
    const reloaded = loadConfig(kubeconfig);
    const renewed = await authenticationOf(reloaded);
    if (renewed.headers.Authorization === refused.headers.Authorization) return undefined;
    config = reloaded;
    return renewed;
  }

  return {
    ...createHttpKubeApi({
      // undici looks at the signal only once the request has a connection.
      send: (request, signal) => untilAborted(send(request, signal), signal),
      clock,
      watchSeconds,
      maxAnswerBytes,
    }),
    close: () => agentFor.close(),
  };
}

function loadConfig(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster?.proxyUrl) throw new Error(`${kubeconfig}: proxy-url is not supported`);
  if (!URL.canParse(cluster?.server ?? '')) {
    throw new Error(
      kubeconfig === undefined
        ? 'no API server: KUBERNETES_SERVICE_HOST is not set as in a pod; outside of one give a kubeconfig'
        : `no API server: ${kubeconfig} has no current context whose cluster has a server`,
    );
  }
  return config;
}

function serverOf(config: KubeConfig): URL {
  return new URL(config.getCurrentCluster()?.server ?? '');
}

interface Authentication {
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
  readonly headers: { readonly Authorization?: string };
}

/** Reads files and runs programs, as the configuration says. client-node keeps what it read for a minute. */
async function authenticationOf(config: KubeConfig): Promise<Authentication> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, servername, auth } = options;
  const tls = Object.entries({ ca, cert, key, rejectUnauthorized, servername });
  const given = (options.headers ?? {}) as Record<string, string>;
  // A token file ends with a newline, which a header must not contain.
  const authorization = given.Authorization?.trim() ?? (auth ? `Basic ${btoa(auth)}` : undefined);
  return {
    tls: Object.fromEntries(tls.filter(([, value]) => value !== undefined)),
    headers: { ...given, ...(authorization !== undefined && { Authorization: authorization }) },
  };
}

/** One undici agent for all requests, replaced when the certificates change. */
function createPool() {
  let current: { readonly certificates: string; readonly agent: Agent } | undefined;
  const agentFor = ({ tls }: Authentication): Agent => {
    const certificates = JSON.stringify(tls);
    if (current?.certificates === certificates) return current.agent;
    void current?.agent.close();
    const agent = new Agent({
      connect: { ...tls, timeout: CONNECT_WITHIN_MS, keepAlive: true, keepAliveInitialDelay: KEEP_IDLE_MS },
      connections: MAX_CONNECTIONS,
      allowH2: false,
      keepAliveTimeout: KEEP_IDLE_MS,
      // The caller limits both: a watch may be silent for long.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    current = { certificates, agent };
    return agent;
  };
  return Object.assign(agentFor, { close: async () => current?.agent.destroy() });
}

async function exchange(
  agent: Agent,
  server: URL,
  authentication: Authentication,
  { method, path, query, body, contentType = 'application/json', accept = 'application/json', known }: KubeRequest,
  signal: AbortSignal,
): Promise<KubeResponse> {
  const prefix = server.pathname.replace(/\/+$/, '');
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  const answer = await agent.request({
    origin: server.origin,
    path: `${prefix}${path}${search}`,
    method,
    headers: {
      accept,
      'user-agent': 'kube-prefetch',
      ...authentication.headers,
      ...(body !== undefined && { 'content-type': contentType }),
      ...(known !== undefined && { 'if-none-match': known }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal,
  });
  const header = (name: string) => [answer.headers[name]].flat()[0];
  return {
    status: answer.statusCode,
    retryAfter: header('retry-after'),
    etag: header('etag'),
    body: answer.body,
    close: () => void answer.body.on('error', () => {}).destroy(),
  };
}
