import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, NODE_ENV, NODE_FLAGS } from '../../build/index.ts';
import type { ApiServer } from '../../cluster/index.ts';
import { type Child, freePort, startChild, waitUntil } from '../../machine/index.ts';
import { cpuSeconds } from '../process-figures.ts';
import { NAMESPACE } from './api-cluster.ts';
import { startCountingProxy } from './counting-proxy.ts';

const DEPLOYMENT = 'kube-prefetch-coordinator';
/** What Node takes at most by itself in a pod with the chart's limit of 1 GiB. */
const HEAP = '--max-old-space-size=512';
const READY_MS = 5 * 60_000;

/** What it has cost since it was started. */
export interface Costs {
  readonly requests: ReadonlyMap<string, number>;
  readonly bytesToServer: number;
  readonly bytesToClient: number;
  readonly cpuSeconds: number;
}

/** The bundled coordinator with the settings and rights of the chart; everything between it and the API server is counted. */
export interface WatchedCoordinator {
  readonly child: Child;
  /** From its start until it has answered the first look at plans for all these nodes. */
  untilPlanned(nodes: number): Promise<number>;
  costs(): Promise<Costs>;
  /** Kind by kind: how long the list took, as its log says. */
  lists(): ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export async function startWatchedCoordinator(server: ApiServer, dir: string): Promise<WatchedCoordinator> {
  const { file } = await bundle('coordinator', dir);
  const proxy = await startCountingProxy(server.url);
  const [agents, admin, ops] = [await freePort(), await freePort(), await freePort()];
  const logFile = join(dir, `coordinator-${agents}.log`);
  const env = {
    ...NODE_ENV.coordinator,
    ...(await chartSettings(server)),
    KUBE_PREFETCH_NAMESPACE: NAMESPACE,
    KUBE_PREFETCH_POD_NAME: 'bench',
    KUBE_PREFETCH_POD_IP: '127.0.0.1',
    KUBE_PREFETCH_KUBECONFIG: await kubeconfigVia(proxy.url, server),
    KUBE_PREFETCH_LISTEN: `127.0.0.1:${agents}`,
    KUBE_PREFETCH_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    KUBE_PREFETCH_OPS_LISTEN: `127.0.0.1:${ops}`,
  };
  const startMs = performance.now();
  const child = await startChild({
    name: 'coordinator',
    command: process.execPath,
    args: [...NODE_FLAGS.coordinator, HEAP, file],
    env,
    logFile,
  });
  return {
    child,
    async untilPlanned(nodes) {
      const planned = async () => {
        const answer = await fetch(`http://127.0.0.1:${admin}/v1/overview`);
        const overview = (await answer.json()) as { nodes?: readonly unknown[] };
        return overview.nodes?.length === nodes;
      };
      await waitUntil(planned, 'plans for all nodes', READY_MS, { child });
      return performance.now() - startMs;
    },
    async costs() {
      const metrics = await (await fetch(`http://127.0.0.1:${ops}/metrics`)).text();
      const { toServer, toClient } = proxy.bytes();
      return {
        requests: requestsOf(metrics),
        bytesToServer: toServer,
        bytesToClient: toClient,
        cpuSeconds: cpuSeconds(child.pid),
      };
    },
    lists: () => listsOf(readFileSync(logFile, 'utf8')),
    async stop() {
      await child.stop();
      await proxy.close();
    },
  };
}

/** What the chart's Deployment says outright; the rest names the pod. */
async function chartSettings(server: ApiServer): Promise<Readonly<Record<string, string>>> {
  const text = await server.kubectl('get', 'deployment', DEPLOYMENT, `--namespace=${NAMESPACE}`, '--output=json');
  const { env } = (JSON.parse(text) as Deployment).spec.template.spec.containers[0];
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly env: readonly { name: string; value?: string }[] }] };
    };
  };
}

async function kubeconfigVia(url: string, server: ApiServer): Promise<string> {
  const token = await server.createToken({ namespace: NAMESPACE, serviceAccount: DEPLOYMENT });
  const file = await server.kubeconfigForToken(token);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(server.url, url));
  return file;
}

/** `list nodes` and the like. */
function requestsOf(metrics: string): ReadonlyMap<string, number> {
  const lines = metrics.matchAll(/^kube_prefetch_coordinator_api_requests_total\{(.*)\} (\d+)$/gm);
  const requests = new Map<string, number>();
  for (const [, labels = '', count] of lines) {
    const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const what = `${label('verb')} ${label('resource')}`;
    requests.set(what, (requests.get(what) ?? 0) + Number(count));
  }
  return requests;
}

function listsOf(log: string): ReadonlyMap<string, number> {
  const lines = log.split('\n').filter(line => line.includes('"listed"'));
  const parsed = lines.map(line => JSON.parse(line) as { kind: string; tookMs: number });
  return new Map(parsed.map(({ kind, tookMs }) => [kind, tookMs]));
}
